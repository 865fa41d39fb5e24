"""The exercises along the page: each a file to fill in, a check, and hints on demand, in English and in Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadline.learn.exercise_checks import (
    Check,
    check_counting,
    check_depth,
    check_hyperparameters,
    check_shapes,
    check_training,
)
from leadline.learn.finding import Words

__all__ = ["EXERCISES", "Exercise"]


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    number : int
        From 1.
    key : str
        Its short name, of which its file is called.
    section, title, task : tuple of str
        In English and in Chinese.
    skeleton : str
        The file below the task.
    functions : sequence of str
        Those of the course that it asks for.
    check : callable or None
        Its own check, of what is no function of the course.
    hints : sequence of tuple of str
        From a nudge to nearly the answer.
    """

    number: int
    key: str
    section: Words
    title: Words
    task: Words
    skeleton: str
    functions: Sequence[str]
    check: Check | None
    hints: Sequence[Words]

    @property
    def file_name(self) -> str:
        """For example "04_linear_forward.py"."""
        return f"{self.number:02}_{self.key}.py"


_NOTATION, _FORWARD, _SHAPES = ("Notation", "符号"), ("Forward", "正向传播"), ("Dimensions", "维度")
_BACKWARD, _BUILDING = ("Backward", "反向传播"), ("Building", "搭建")
_HYPER, _DEPTH = ("Hyperparameters", "超参数"), ("Why deep?", "为什么要深?")

EXERCISES: Sequence[Exercise] = tuple(
    Exercise(number, *rest)
    for number, rest in enumerate(
        (
            (
                "counting",
                _NOTATION,
                ("Count the layers", "数一数层"),
                (
                    "sizes is [n[0], n[1], …, n[L]]. count_layers gives L; hidden_units gives [n[1], …, n[L-1]].",
                    "sizes 是 [n[0], n[1], …, n[L]]。count_layers 给出 L;hidden_units 给出 [n[1], …, n[L-1]]。",
                ),
                "def count_layers(sizes):\n    raise NotImplementedError\n\n\ndef hidden_units(sizes):\n    raise NotImplementedError\n",
                (),
                check_counting,
                (
                    ("The input is layer 0 and is not counted.", "输入是第 0 层,不计入。"),
                    ("Logistic regression, sizes [n, 1], has L = 1.", "逻辑回归 sizes = [n, 1],L = 1。"),
                    ("len(sizes) - 1; sizes[1:-1]", "len(sizes) - 1;sizes[1:-1]"),
                ),
            ),
            (
                "shapes",
                _SHAPES,
                ("The shapes of a layer", "一层的形状"),
                (
                    'For layer l and m examples give a dictionary of shapes: "W", "b", "Z", "A" and "dW", "db", "dZ", "dA".',
                    '对第 l 层和 m 个样本,给出形状的字典:"W"、"b"、"Z"、"A" 以及 "dW"、"db"、"dZ"、"dA"。',
                ),
                'def shapes(sizes, l, m):\n    n, n_before = sizes[l], sizes[l - 1]\n    return {\n        "W": None,\n        "b": None,\n        "Z": None,\n        "A": None,\n        "dW": None,\n        "db": None,\n        "dZ": None,\n        "dA": None,\n    }\n',
                (),
                check_shapes,
                (
                    ("A gradient has the shape of its quantity.", "梯度的形状与它的量相同。"),
                    (
                        "W times A[l-1], (n[l-1], m), must give Z, (n[l], m).",
                        "W 乘以 A[l-1] (n[l-1], m) 要得到 Z (n[l], m)。",
                    ),
                    ('"W": (n, n_before), "b": (n, 1), "Z": (n, m)', '"W": (n, n_before), "b": (n, 1), "Z": (n, m)'),
                ),
            ),
            (
                "initialize_parameters_deep",
                _SHAPES,
                ("The first parameters", "初始参数"),
                (
                    'For layer_dims = [n[0], …, n[L]] give {"W1": …, "b1": …, …}: W random and small, b zero.',
                    '对 layer_dims = [n[0], …, n[L]] 给出 {"W1": …, "b1": …, …}:W 为小随机数,b 为零。',
                ),
                "import numpy as np\n\n\ndef initialize_parameters_deep(layer_dims):\n    raise NotImplementedError\n",
                ("initialize_parameters_deep",),
                None,
                (
                    ("Layers are l = 1 … L and len(layer_dims) is L + 1.", "层是 l = 1 … L,len(layer_dims) 是 L + 1。"),
                    (
                        "np.random.randn(rows, columns) * 0.01 and np.zeros((rows, 1))",
                        "np.random.randn(行, 列) * 0.01 和 np.zeros((行, 1))",
                    ),
                    (
                        'for l in range(1, len(layer_dims)): parameters["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) * 0.01',
                        'for l in range(1, len(layer_dims)): parameters["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) * 0.01',
                    ),
                ),
            ),
            (
                "linear_forward",
                _FORWARD,
                ("One layer forward: Z", "一层前向:Z"),
                (
                    "Z[l] = W[l] A[l-1] + b[l]. Return Z and the cache (A, W, b).",
                    "Z[l] = W[l] A[l-1] + b[l]。返回 Z 和缓存 (A, W, b)。",
                ),
                "import numpy as np\n\n\ndef linear_forward(A, W, b):\n    raise NotImplementedError\n",
                ("linear_forward",),
                None,
                (
                    ("A matrix product is @, not *.", "矩阵乘法是 @,不是 *。"),
                    ("b is a column; NumPy adds it to every column.", "b 是列向量;NumPy 会把它加到每一列。"),
                    ("Z = W @ A + b", "Z = W @ A + b"),
                ),
            ),
            (
                "linear_activation_forward",
                _FORWARD,
                ("One layer forward: A", "一层前向:A"),
                (
                    'A[l] = g[l](Z[l]), with activation "sigmoid" or "relu". Return A and the cache (linear_cache, Z).',
                    'A[l] = g[l](Z[l]),activation 是 "sigmoid" 或 "relu"。返回 A 和缓存 (linear_cache, Z)。',
                ),
                "import numpy as np\n\nfrom leadline.learn.course import linear_forward\n\n\ndef linear_activation_forward(A_prev, W, b, activation):\n    Z, linear_cache = linear_forward(A_prev, W, b)\n    raise NotImplementedError\n",
                ("linear_activation_forward",),
                None,
                (
                    (
                        "sigmoid: 1 / (1 + exp(−Z)); relu: max(Z, 0), entry by entry.",
                        "sigmoid:1 / (1 + exp(−Z));relu:max(Z, 0),逐元素。",
                    ),
                    ("np.maximum(Z, 0), not np.max.", "用 np.maximum(Z, 0),不是 np.max。"),
                    (
                        'A = 1 / (1 + np.exp(-Z)) if activation == "sigmoid" else np.maximum(Z, 0)',
                        'A = 1 / (1 + np.exp(-Z)) if activation == "sigmoid" else np.maximum(Z, 0)',
                    ),
                ),
            ),
            (
                "L_model_forward",
                _FORWARD,
                ("The whole network forward", "整个网络前向"),
                (
                    "For l = 1 … L: relu in the hidden layers, sigmoid at the output. Return A[L] and the list of L caches.",
                    "对 l = 1 … L:隐藏层用 relu,输出层用 sigmoid。返回 A[L] 和 L 个缓存的列表。",
                ),
                "from leadline.learn.course import linear_activation_forward\n\n\ndef L_model_forward(X, parameters):\n    caches = []\n    A = X\n    L = len(parameters) // 2\n    raise NotImplementedError\n",
                ("L_model_forward",),
                None,
                (
                    (
                        "What one layer gives is what the next is given: A_prev = A.",
                        "一层的输出就是下一层的输入:A_prev = A。",
                    ),
                    (
                        "The loop is over l = 1 … L − 1, range(1, L); then the output layer, with A.",
                        "循环是 l = 1 … L − 1,即 range(1, L);然后是输出层,用 A。",
                    ),
                    (
                        'A, cache = linear_activation_forward(A, parameters["W" + str(l)], parameters["b" + str(l)], "relu"); caches.append(cache)',
                        'A, cache = linear_activation_forward(A, parameters["W" + str(l)], parameters["b" + str(l)], "relu"); caches.append(cache)',
                    ),
                ),
            ),
            (
                "compute_cost",
                _FORWARD,
                ("The cost", "代价"),
                (
                    "J = −(1/m) Σ (Y log A[L] + (1 − Y) log(1 − A[L])).",
                    "代价 J = −(1/m) Σ (Y log A[L] + (1 − Y) log(1 − A[L]))。",
                ),
                "import numpy as np\n\n\ndef compute_cost(AL, Y):\n    raise NotImplementedError\n",
                ("compute_cost",),
                None,
                (
                    ("m is the number of columns, Y.shape[1].", "m 是列数,Y.shape[1]。"),
                    ("Products entry by entry, then np.sum, then −1/m.", "先逐元素相乘,再 np.sum,再乘 −1/m。"),
                    (
                        "-np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / Y.shape[1]",
                        "-np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / Y.shape[1]",
                    ),
                ),
            ),
            (
                "linear_backward",
                _BACKWARD,
                ("One layer backward: dW, db, dA[l-1]", "一层反向:dW、db、dA[l-1]"),
                (
                    "dW[l] = (1/m) dZ[l] A[l-1]ᵀ, db[l] = (1/m) Σ over columns of dZ[l], dA[l-1] = W[l]ᵀ dZ[l]. Return dA_prev, dW, db.",
                    "dW[l] = (1/m) dZ[l] A[l-1]ᵀ,db[l] = (1/m) Σ(对 dZ[l] 的列),dA[l-1] = W[l]ᵀ dZ[l]。返回 dA_prev、dW、db。",
                ),
                "import numpy as np\n\n\ndef linear_backward(dZ, cache):\n    A_prev, W, b = cache\n    m = A_prev.shape[1]\n    raise NotImplementedError\n",
                ("linear_backward",),
                None,
                (
                    (
                        "Let the shapes lead: dW has that of W, (n[l], n[l-1]).",
                        "让形状带路:dW 的形状与 W 相同 (n[l], n[l-1])。",
                    ),
                    (
                        "db is summed over the examples, axis=1, and keeps its column, keepdims=True.",
                        "db 对样本求和,axis=1,并保持列向量,keepdims=True。",
                    ),
                    (
                        "dW = dZ @ A_prev.T / m; db = dZ.sum(axis=1, keepdims=True) / m; dA_prev = W.T @ dZ",
                        "dW = dZ @ A_prev.T / m;db = dZ.sum(axis=1, keepdims=True) / m;dA_prev = W.T @ dZ",
                    ),
                ),
            ),
            (
                "linear_activation_backward",
                _BACKWARD,
                ("One layer backward: dZ", "一层反向:dZ"),
                (
                    "dZ[l] = dA[l] ∗ g[l]′(Z[l]), with Z from the cache; then linear_backward.",
                    "dZ[l] = dA[l] ∗ g[l]′(Z[l]),Z 来自缓存;然后调用 linear_backward。",
                ),
                "import numpy as np\n\nfrom leadline.learn.course import linear_backward\n\n\ndef linear_activation_backward(dA, cache, activation):\n    linear_cache, Z = cache\n    raise NotImplementedError\n",
                ("linear_activation_backward",),
                None,
                (
                    ("g′ is the derivative, at Z: not g, and not at A.", "g′ 是导数,在 Z 处取值:不是 g,也不在 A 处。"),
                    (
                        "relu′ is 1 where Z > 0; σ′ = s (1 − s) with s = σ(Z).",
                        "relu′ 在 Z > 0 处为 1;σ′ = s (1 − s),s = σ(Z)。",
                    ),
                    (
                        "dZ = dA * (Z > 0), or s = 1 / (1 + np.exp(-Z)); dZ = dA * s * (1 - s)",
                        "dZ = dA * (Z > 0),或 s = 1 / (1 + np.exp(-Z));dZ = dA * s * (1 - s)",
                    ),
                ),
            ),
            (
                "L_model_backward",
                _BACKWARD,
                ("The whole network backward", "整个网络反向"),
                (
                    'Begin with dA[L] = −(Y / A[L] − (1 − Y) / (1 − A[L])), then l = L … 1. Return {"dW1": …, "db1": …, …}.',
                    '从 dA[L] = −(Y / A[L] − (1 − Y) / (1 − A[L])) 开始,然后 l = L … 1。返回 {"dW1": …, "db1": …, …}。',
                ),
                "from leadline.learn.course import linear_activation_backward\n\n\ndef L_model_backward(AL, Y, caches):\n    grads = {}\n    L = len(caches)\n    dA = -(Y / AL - (1 - Y) / (1 - AL))\n    raise NotImplementedError\n",
                ("L_model_backward",),
                None,
                (
                    (
                        "Lists count from 0: the cache of layer l is caches[l - 1].",
                        "列表从 0 数起:第 l 层的缓存是 caches[l - 1]。",
                    ),
                    ("Each layer hands its dA_prev to the layer before it.", "每一层把自己的 dA_prev 交给前一层。"),
                    (
                        'for l in range(L, 0, -1): dA, grads["dW" + str(l)], grads["db" + str(l)] = linear_activation_backward(dA, caches[l - 1], "sigmoid" if l == L else "relu")',
                        'for l in range(L, 0, -1): dA, grads["dW" + str(l)], grads["db" + str(l)] = linear_activation_backward(dA, caches[l - 1], "sigmoid" if l == L else "relu")',
                    ),
                ),
            ),
            (
                "update_parameters",
                _BUILDING,
                ("The update", "更新"),
                (
                    "W[l] := W[l] − α dW[l] and b[l] := b[l] − α db[l] for every layer. Return new parameters; leave the old ones as they are.",
                    "对每一层:W[l] := W[l] − α dW[l],b[l] := b[l] − α db[l]。返回新的参数,旧的保持不变。",
                ),
                "def update_parameters(parameters, grads, learning_rate):\n    raise NotImplementedError\n",
                ("update_parameters",),
                None,
                (
                    ("-= changes the array of whoever gave it.", "-= 会改动调用者的数组。"),
                    ("l = 1 … L with L = len(parameters) // 2.", "l = 1 … L,L = len(parameters) // 2。"),
                    (
                        'return {key: value - learning_rate * grads["d" + key] for key, value in parameters.items()}',
                        'return {key: value - learning_rate * grads["d" + key] for key, value in parameters.items()}',
                    ),
                ),
            ),
            (
                "training",
                _BUILDING,
                ("Gradient descent", "梯度下降"),
                (
                    "Repeat forward, cost, backward, update; return the parameters and the list of costs, one for each iteration.",
                    "重复前向、代价、反向、更新;返回参数和代价列表,每次迭代一个。",
                ),
                "from leadline.learn.course import L_model_backward, L_model_forward, compute_cost, update_parameters\n\n\ndef train(X, Y, parameters, learning_rate, iterations):\n    costs = []\n    raise NotImplementedError\n    return parameters, costs\n",
                (),
                check_training,
                (
                    ("The cost of an iteration is that before its update.", "一次迭代的代价是更新之前的。"),
                    (
                        "for _ in range(iterations): four calls and an append.",
                        "for _ in range(iterations):四次调用和一次 append。",
                    ),
                    (
                        "AL, caches = L_model_forward(X, parameters); costs.append(compute_cost(AL, Y)); …",
                        "AL, caches = L_model_forward(X, parameters);costs.append(compute_cost(AL, Y));…",
                    ),
                ),
            ),
            (
                "hyperparameters",
                _HYPER,
                ("Choose the learning rate", "选择学习率"),
                (
                    "evaluate(rate) trains with a rate and gives the cost on other data. Try every rate once and return the best; some diverge to nan or inf.",
                    "evaluate(rate) 用某个学习率训练,并给出在其他数据上的代价。每个学习率试一次,返回最好的;有的会发散为 nan 或 inf。",
                ),
                "import math\n\n\ndef choose_learning_rate(evaluate, rates):\n    raise NotImplementedError\n",
                (),
                check_hyperparameters,
                (
                    ("nan is neither smaller nor larger than anything.", "nan 既不小于也不大于任何数。"),
                    ("math.isfinite tells them apart.", "用 math.isfinite 区分它们。"),
                    (
                        "costs = {rate: evaluate(rate) for rate in rates}; min over those that are finite",
                        "costs = {rate: evaluate(rate) for rate in rates};在有限的里面取最小",
                    ),
                ),
            ),
            (
                "depth",
                _DEPTH,
                ("Fold the interval", "折叠区间"),
                (
                    "Write networks of relu down as lists of (W, b): xor() with sizes 2-2-1 for two bits, and wave(k) with sizes 1-2-…-2-1, k layers of two units, for the triangle wave of 2^k pieces on [0, 1].",
                    "把 relu 网络写成 (W, b) 的列表:xor() 大小为 2-2-1,对两个位;wave(k) 大小为 1-2-…-2-1,k 层、每层两个单元,是 [0, 1] 上 2^k 段的三角波。",
                ),
                "import numpy as np\n\n\ndef xor():\n    # relu(u + v) and relu(u + v - 1)\n    raise NotImplementedError\n\n\ndef wave(k):\n    raise NotImplementedError\n",
                (),
                check_depth,
                (
                    ("u XOR v = relu(u + v) − 2 relu(u + v − 1).", "u XOR v = relu(u + v) − 2 relu(u + v − 1)。"),
                    (
                        "One fold: 2 relu(x) − 4 relu(x − 1/2). The next layer reads it with the weights [2, −4].",
                        "折一次:2 relu(x) − 4 relu(x − 1/2)。下一层用权重 [2, −4] 读它。",
                    ),
                    (
                        "W[1] = [[1], [1]], b = [[0], [−0.5]]; then W = [[2, −4], [2, −4]] with the same b; at last [[2, −4]], b = [[0]].",
                        "W[1] = [[1], [1]],b = [[0], [−0.5]];然后 W = [[2, −4], [2, −4]],b 相同;最后 [[2, −4]],b = [[0]]。",
                    ),
                ),
            ),
        ),
        start=1,
    )
)
