"""Floor 4: for learners: the course's functions as the specification has them, their own code checked, and exercises."""

from leadline.learn.check_code import Checked, check_code
from leadline.learn.exercises import EXERCISES, Exercise
from leadline.learn.finding import Finding
from leadline.learn.progress import Course

__all__ = ["EXERCISES", "Checked", "Course", "Exercise", "Finding", "check_code"]
