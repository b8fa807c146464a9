"""The shop itself: the container that runs on ECS. It serves the JSON API and the pages, and publishes the events."""
