/// Finds the name that was probably meant.
public enum NearestName {
    /// The candidate with the fewest edits, if they are few enough to be a slip; ties go to the first by
    /// name.
    public static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        // A third of the letters: 'logds' is a slip for 'logd', 'shell' is none for 'network'.
        let limit = max(1, name.utf8.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates.sorted() where candidate != name {
            var distance = distance(Array(name.utf8), Array(candidate.utf8))
            // SIGTERM for TERM, Logd for logd, dm_verity for dm-verity.
            if candidate.utf8.count > 2, name.hasSuffix(candidate) { distance = min(distance, 1) }
            if Self.folded(name) == Self.folded(candidate) { distance = 0 }
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    private static func folded(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == " " ? "-" : $0 })
    }

    /// Edits (insert, delete, replace, swap neighbours) from one word to the other: optimal string alignment.
    static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: second.count + 1)
        var last = Array(0...second.count)
        var current = last
        for row in first.indices {
            current[0] = row + 1
            for column in second.indices {
                let replaced = last[column] + (first[row] == second[column] ? 0 : 1)
                current[column + 1] = min(replaced, last[column + 1] + 1, current[column] + 1)
                let isSwapped =
                    row > 0 && column > 0 && first[row] == second[column - 1]
                    && first[row - 1] == second[column]
                if isSwapped { current[column + 1] = min(current[column + 1], beforeLast[column - 1] + 1) }
            }
            (beforeLast, last, current) = (last, current, beforeLast)
        }
        return last[second.count]
    }
}
