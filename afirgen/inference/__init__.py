"""Native engines, each owned by one thread behind a bounded queue."""
