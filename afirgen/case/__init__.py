"""Pure values and rules of a case: no input or output, no models, no database."""
