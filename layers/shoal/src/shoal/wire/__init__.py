"""Models of requests, responses and messages that cross HTTP, WebSocket and SQS."""
