"""What happens to a person in a month: compiled rules that fill the burden."""
