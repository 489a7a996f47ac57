"""The executors in other languages: their own tests and checks, and each as a real process."""
