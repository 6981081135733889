"""What two or more delivery-time services share."""
