"""`leadline learn`, and `leadline explain --check-code`: exercises, and a learner's own code checked."""

import json as json_format
import sys
from pathlib import Path

import typer
from rich.console import Console

from leadline.errors import ParameterError
from leadline.learn import EXERCISES, Checked, Course, check_code

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
    if not checked.right:
        sys.stdout.flush()
        raise typer.Exit(WRONG)


def _say(place: int, english: str, chinese: str) -> str:
    return (english, chinese)[place]


def _print(checked: Checked, place: int) -> None:
    """What a learner reads: each function in a line, and under the first that is wrong all that helps."""
    console = Console(soft_wrap=True, highlight=False)
    name = Path(checked.path).name

    def show(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False)

    if checked.unreadable:
        where = "" if checked.line is None else f":{checked.line}"
        show(f"{name}{where}  {_say(place, 'the file cannot be run', '文件无法运行')}: {checked.unreadable}")
        return
    if not checked.findings:
        show(
            f"{name}: "
            + _say(
                place,
                "none of the course's functions is in it; --names gives them other names.",
                "里面没有课程的函数;可用 --names 指定别的名字。",
            )
        )
        return
    first = checked.first
    for own in checked.findings:
        sign = {"right": "✓", "empty": "·", "waits": "·"}.get(own.status, "✗")
        called = own.own_name if own.own_name == own.function else f"{own.own_name} ({own.function})"
        if own.status == "right":
            show(f"{sign} {called}", "green")
            continue
        show(f"{sign} {called}: {own.words[place]}", "" if sign == "·" else "bold red")
        if own.status in ("empty", "waits"):
            continue
        if own.line is not None:
            show(f"    {name}:{own.line}  {own.source}")
        if own is not first:
            continue
        if own.equation:
            show(f"    {_say(place, 'equation', '公式')}  {own.equation}")
        if own.specification:
            show(f"    {_say(place, 'specification', '规范')}  {own.specification}")
        if own.case:
            show(f"    {_say(place, 'for', '情形')} {own.case}")
        if own.got:
            label = own.index or own.quantity
            show(
                f"    {label}  {_say(place, 'yours', '你的')} {own.got}   {_say(place, 'right', '正确')} {own.expected}"
            )
    if checked.right:
        n = len(checked.findings)
        show(_say(place, f"{n} functions are right." if n > 1 else "The function is right.", f"{n} 个函数全部正确。"))


def run_learn(number: int | None, check: bool, hint: bool, folder: str, language: str | None) -> None:
    """Do what `leadline learn` does."""
    if language is not None:
        _place(language)
    course = Course(Path(folder), language)
    place = LANGUAGES.index(course.language)
    there = "" if folder == FOLDER else f" --folder {folder}"
    console = Console(soft_wrap=True, highlight=False)

    def show(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False)

    if number is None:
        if check or hint:
            raise ParameterError("--check and --hint need the number of an exercise: leadline learn 4 --check.")
        for own in EXERCISES:
            sign = "✓" if own.key in course.done else "·"
            show(f"{sign} {own.number:>2}  {own.section[place]:<16} {own.title[place]}")
        show("")
        done = _say(place, f"{len(course.done)} of {len(EXERCISES)}", f"{len(course.done)} / {len(EXERCISES)}")
        show(
            _say(
                place,
                f"{done} done. leadline learn NUMBER writes a file to fill in; --check checks it, --hint helps.",
                f"完成 {done}。leadline learn 编号 写出要填的文件;--check 检查,--hint 提示。",
            )
        )
        return
    if not 1 <= number <= len(EXERCISES):
        raise ParameterError(f"Exercises are numbered from 1 to {len(EXERCISES)}; got {number}.")
    if check and hint:
        raise ParameterError("Give either --check or --hint.")
    exercise = EXERCISES[number - 1]
    if hint:
        text, left = course.hint(exercise)
        show(text[place])
        show(
            _say(
                place,
                f"({left} more)" if left else "(that was the last hint)",
                f"(还有 {left} 条)" if left else "(这是最后一条提示)",
            ),
            "dim",
        )
        return
    path = course.write(exercise)
    if not check:
        show(f"{number}. {exercise.title[place]}", "bold")
        show(exercise.task[place])
        show("")
        show(str(path))
        show(
            _say(
                place,
                f"Fill it in, then: leadline learn {number} --check{there}",
                f"填好之后:leadline learn {number} --check{there}",
            ),
            "dim",
        )
        return
    checked = course.check(exercise)
    _print(checked, place)
    if not checked.right:
        sys.stdout.flush()
        raise typer.Exit(WRONG)
    todo = [own.number for own in EXERCISES if own.key not in course.done]
    if todo:
        show(_say(place, f"Next: leadline learn {todo[0]}{there}", f"下一个:leadline learn {todo[0]}{there}"), "dim")
    else:
        show(_say(place, "All exercises are done.", "全部练习已完成。"), "bold")
