"""The chest films of `cxr_pneumonia`: what both recipes that learn from them share."""
