// placeholder, replaced by its module's first slice
