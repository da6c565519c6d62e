"""What crosses HTTP and SQS: the models of requests, answers and messages."""
