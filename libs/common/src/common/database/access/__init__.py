"""Who may do what: keys of clients, roles of services, and the record of those who administer."""
