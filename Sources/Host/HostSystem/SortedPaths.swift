/// Looks a path up in a list that is sorted by the bytes of its entries' paths.
public enum SortedPaths {
    public static func find<Entry>(
        _ path: String, in entries: [Entry], path pathOf: (Entry) -> String
    ) -> Entry? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let found = pathOf(entries[middle])
            if found == path { return entries[middle] }
            if found.utf8.lexicographicallyPrecedes(path.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return nil
    }
}
