"""What is kept of deliveries: landing, manifests, and the ledger of what became of each batch."""
