"""The embedded servers, each as a process to keep up."""
