"""`leadline learn`, and `leadline explain --check-code`: exercises, and a learner's own code checked."""

import json as json_format
import sys
from pathlib import Path

import typer
from rich.console import Console

from leadline.errors import ParameterError
from leadline.learn import EXERCISES, Checked, Course, Exercise, Finding, check_code

__all__ = ["run_check_code", "run_learn"]

LANGUAGES = ("en", "zh")
FOLDER = "leadline-exercises"
WRONG = 2


def _place(language: str) -> int:
    if language not in LANGUAGES:
        raise ParameterError(f"--language must be one of {', '.join(LANGUAGES)}; got {language!r}.")
    return LANGUAGES.index(language)


def run_check_code(path: str, names: str | None, time_limit: float, language: str, as_json: bool) -> None:
    """Do what `leadline explain --check-code` does; exit code 2 unless everything is right."""
    place, own_names = _place(language), {}
    for pair in (names or "").split(",") if names else ():
        course_name, equals, own = pair.partition("=")
        if not equals or not own.isidentifier():
            raise ParameterError(f"--names must be COURSE=OWN, with commas between several; got {pair!r}.")
        own_names[course_name.strip()] = own.strip()
    checked = check_code(path, own_names, time_limit=time_limit)
    if as_json:
        sys.stdout.write(json_format.dumps(checked.to_record(), indent=2, ensure_ascii=False) + "\n")
    else:
        _print(checked, place)
        _print_missing(checked, place)
    if not checked.right:
        sys.stdout.flush()
        raise typer.Exit(WRONG)


def _show(text: str, style: str = "") -> None:
    Console(soft_wrap=True, highlight=False).print(text, style=style, markup=False)


def _say(place: int, english: str, chinese: str) -> str:
    return (english, chinese)[place]


def _print(checked: Checked, place: int) -> None:
    """What a learner reads: each function in a line, and under the first that is wrong all that helps."""
    name = Path(checked.path).name
    if checked.unreadable:
        where = "" if checked.line is None else f":{checked.line}"
        _show(f"✗ {_say(place, 'the file cannot be run', '文件无法运行')}: {checked.unreadable}", "bold red")
        _show(f"    {name}{where}  {checked.source}")
        return
    first = checked.first
    for own in checked.findings:
        _print_finding(own, name, own is first, place)
    if checked.right and len(checked.findings) > 1:
        n = len(checked.findings)
        _show(_say(place, f"{n} functions are right.", f"{n} 个函数全部正确。"))
    elif checked.right:
        _show(_say(place, "The function is right.", "这个函数正确。"))


def _print_finding(own: Finding, name: str, everything: bool, place: int) -> None:
    """A function's line, and what is wrong with it; the equation, too, if everything is asked for."""
    sign = {"right": "✓", "empty": "·", "waits": "·"}.get(own.status, "✗")
    called = own.own_name if own.own_name == own.function else f"{own.own_name} ({own.function})"
    if own.status == "right":
        _show(f"{sign} {called}", "green")
        return
    _show(f"{sign} {called}: {own.words[place]}", "" if sign == "·" else "bold red")
    if own.status in ("empty", "waits"):
        return
    if own.line is not None:
        _show(f"    {name}:{own.line}  {own.source}")
    if everything:
        if own.equation:
            _show(f"    {_say(place, 'equation', '公式')}  {own.equation}")
        if own.specification:
            _show(f"    {_say(place, 'specification', '规范')}  {own.specification}")
        if own.remark[place]:
            _show(f"    ({own.remark[place]})")
    if own.case:
        _show(f"    {_say(place, 'for', '情形')} {own.case}")
    if own.got:
        yours, right = _say(place, "yours", "你的"), _say(place, "right", "正确")
        _show(f"    {own.index or own.quantity}  {yours} {own.got}   {right} {own.expected}")


def _print_missing(checked: Checked, place: int) -> None:
    """The functions of the course that a file does not have."""
    if checked.unreadable or not checked.missing:
        return
    names = ", ".join(checked.missing)
    if checked.findings:
        _show(_say(place, f"Not in the file, and not checked: {names}", f"文件里没有,因此未检查:{names}"), "dim")
    else:
        name = Path(checked.path).name
        _show(
            _say(
                place,
                f"{name}: none of the course's functions is in it. They are {names}; "
                "--names linear_forward=OWN gives one another name.",
                f"{name}:里面没有课程的函数。课程的函数是 {names};"
                "可用 --names linear_forward=自己的名字 指定别的名字。",
            )
        )
    for missing, similar in checked.similar.items():
        _show(
            _say(
                place,
                f"Is {similar} meant for {missing}? Rename it, or give --names {missing}={similar}.",
                f"{similar} 是 {missing} 吗?请改名,或用 --names {missing}={similar}。",
            )
        )


def run_learn(exercise: str | None, check: bool, hint: bool, folder: str, language: str | None) -> None:
    """Do what `leadline learn` does."""
    if language is not None:
        _place(language)
    course = Course(Path(folder), language)
    place = LANGUAGES.index(course.language)
    there = "" if folder == FOLDER else f" --folder {folder}"
    if exercise is None:
        if check or hint:
            raise ParameterError("--check and --hint need the number of an exercise: leadline learn 4 --check.")
        _list(course, place)
        return
    chosen = _chosen(exercise)
    if check and hint:
        raise ParameterError("Give either --check or --hint.")
    if hint:
        _hint(course, chosen, place)
    elif check:
        _check(course, chosen, place, there)
    else:
        _write(course, chosen, place, there)


def _chosen(text: str) -> Exercise:
    """The exercise of a number or a name."""
    for own in EXERCISES:
        if text in (str(own.number), own.key):
            return own
    raise ParameterError(
        f"Exercises are numbered from 1 to {len(EXERCISES)}; got {text!r}. leadline learn without a number lists them."
    )


def _list(course: Course, place: int) -> None:
    for own in EXERCISES:
        sign = "✓" if own.key in course.done else "·"
        _show(f"{sign} {own.number:>2}  {own.section[place]:<16} {own.title[place]}")
    done = _say(place, f"{len(course.done)} of {len(EXERCISES)}", f"{len(course.done)} / {len(EXERCISES)}")
    _show("")
    _show(
        _say(
            place,
            f"{done} done. leadline learn NUMBER writes a file to fill in; --check checks it, --hint helps.",
            f"完成 {done}。leadline learn 编号 写出要填的文件;加 --check 检查,加 --hint 给提示。",
        )
    )


def _hint(course: Course, exercise: Exercise, place: int) -> None:
    text, left = course.hint(exercise)
    _show(text[place])
    english = f"({left} more)" if left else "(that was the last hint)"
    _show(_say(place, english, f"(还有 {left} 条)" if left else "(这是最后一条提示)"), "dim")


def _write(course: Course, exercise: Exercise, place: int, there: str) -> None:
    number, kept = exercise.number, (course.folder / exercise.file_name).exists()
    path = course.write(exercise)
    _show(f"{number}. {exercise.title[place]}", "bold")
    _show(exercise.task[place])
    _show("")
    _show(str(path))
    if kept:
        _show(
            _say(
                place,
                "The file was there already and stays as you left it. "
                "To begin anew, delete it and give this command again.",
                "文件已经存在,保持你写的内容不变。要重新开始,请删除它,再运行这条命令。",
            )
        )
    english = f"Fill it in with your editor, then: leadline learn {number} --check{there}"
    _show(_say(place, english, f"用编辑器填好之后:leadline learn {number} --check{there}"), "dim")


def _check(course: Course, exercise: Exercise, place: int, there: str) -> None:
    checked = course.check(exercise)
    _print(checked, place)
    if not checked.right:
        if all(own.status in ("right", "empty") for own in checked.findings) and not checked.unreadable:
            english = f"Fill in {checked.path}; leadline learn {exercise.number} --hint{there} helps."
            chinese = f"请填写 {checked.path};leadline learn {exercise.number} --hint{there} 给提示。"
            _show(_say(place, english, chinese), "dim")
        sys.stdout.flush()
        raise typer.Exit(WRONG)
    todo = [own.number for own in EXERCISES if own.key not in course.done]
    if todo:
        following = next((number for number in todo if number > exercise.number), todo[0])
        _show(
            _say(place, f"Next: leadline learn {following}{there}", f"下一个:leadline learn {following}{there}"), "dim"
        )
    else:
        _show(_say(place, "All exercises are done.", "全部练习已完成。"), "bold")
