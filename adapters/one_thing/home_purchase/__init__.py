"""购房“一件事”: browsers in by the platform's sign-in, cases from the hall, feedback out."""
