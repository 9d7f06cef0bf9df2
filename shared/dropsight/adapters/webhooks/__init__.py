"""Posting webhooks: whereto they may go, and the post itself."""
