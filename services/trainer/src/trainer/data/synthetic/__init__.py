"""Made-up orders in the shape of Olist's files, and of other shops' exports."""
