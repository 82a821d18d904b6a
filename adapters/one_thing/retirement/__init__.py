"""个人退休“一件事”: cases in, feedback out."""
