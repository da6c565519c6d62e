"""The three tables. A module for each store; `table` has the few calls they share."""
