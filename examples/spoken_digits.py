"""
Speech: how deep for spoken digits?
===================================

3,000 recordings of the digits 0 to 9 by six speakers (github.com/Jakobovski/free-spoken-digit-dataset, licence
CC BY-SA 4.0). What a network is worth on a voice that it never heard is found by leaving whole speakers out: two of
them to test on, and one of the others in each fold of the search.

    pip install librosa
    python spoken_digits.py FOLDER

FOLDER has the recordings as spoken_digits.npz: samples (16-bit, 8,000 a second, all recordings end to end), lengths,
digit and speaker. The dataset is not shipped with Leadline.
"""

import argparse
from pathlib import Path

import librosa
import numpy as np

from leadline import DeepClassifier, DepthSearchCV
from leadline.report import layer_report

RATE = 8000  # samples per second
WINDOW, HOP = 256, 80  # samples: 32 ms, every 10 ms
BANDS, FRAMES = 32, 40
QUIET = 30  # dB below the loudest part: what is quieter at the beginning and the end is silence


def log_mel(sound: np.ndarray) -> np.ndarray:
    """The loudness in dB of BANDS bands of the mel scale at FRAMES times, around its mean.

    Silence around the word is cut off, and what remains is stretched to FRAMES times, so that slow and fast speakers
    look alike.
    """
    sound, _ = librosa.effects.trim(sound, top_db=QUIET, frame_length=WINDOW, hop_length=HOP)
    power = librosa.feature.melspectrogram(y=sound, sr=RATE, n_fft=WINDOW, hop_length=HOP, n_mels=BANDS)
    loudness = librosa.power_to_db(power, ref=np.max, top_db=60.0)
    times = np.linspace(0, loudness.shape[1] - 1, FRAMES)
    stretched = np.stack([np.interp(times, np.arange(loudness.shape[1]), band) for band in loudness])
    return stretched - stretched.mean()


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-mel pictures as rows, the digits and the speakers."""
    with np.load(folder / "spoken_digits.npz") as data:
        sounds = np.split(data["samples"].astype(np.float32) / 2**15, np.cumsum(data["lengths"])[:-1])
        pictures = np.stack([log_mel(sound).ravel() for sound in sounds])
        return pictures.astype(np.float32), data["digit"], data["speaker"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--test-speakers", default="lucas,yweweler", help="with commas")
    parser.add_argument("--candidates", type=int, default=8, help="choices of everything else, at each depth")
    parser.add_argument("--save", type=Path, help="folder for the model and a page of what layers see")
    options = parser.parse_args()

    X, y, speaker = read(options.folder)
    test = np.isin(speaker, options.test_speakers.split(","))
    print(f"{X.shape[1]:,} numbers for each recording; {np.sum(~test):,} to learn from, {np.sum(test):,} to test on")

    speakers = len(np.unique(speaker[~test]))
    search = DepthSearchCV(
        DeepClassifier(random_state=0), candidates=options.candidates, cv=speakers, repeats=1, verbose=1
    ).fit(X[~test], y[~test], groups=speaker[~test])
    print(search.sentence_)
    linear = DeepClassifier(hidden_layer_sizes=(), random_state=0).fit(X[~test], y[~test])
    for name in options.test_speakers.split(","):
        own = speaker == name
        print(
            f"{name}: {search.score(X[own], y[own]):.3f} right, logistic regression {linear.score(X[own], y[own]):.3f}"
        )
    if options.save:
        search.save(options.save)
        layers = layer_report(search.estimator_at(max(search.models_)), X[test], y[test], shape=(BANDS, FRAMES))
        (options.save / "layers.html").write_text(layers.html, "utf-8")


if __name__ == "__main__":
    main()
