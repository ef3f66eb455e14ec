/// The name of `names` with the fewest letters to change, insert or drop; nil if none is near enough to have
/// been meant. Ties go to the name that sorts first.
func nearestName(to wanted: String, among names: [String]) -> String? {
    let target = Array(wanted.utf8)
    // A third of the letters wrong is another word, not a slip.
    var limit = max(1, target.count / 3)
    var best: String?
    for name in names where abs(name.utf8.count - target.count) <= limit {
        guard let distance = editDistance(target, Array(name.utf8), limit: limit) else { continue }
        if best == nil || distance < limit || (distance == limit && name < best!) {
            best = name
            limit = distance
        }
    }
    return best
}

/// Levenshtein's distance, nil as soon as it must exceed `limit`.
private func editDistance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int? {
    var previous = Array(0...right.count)
    for (row, letter) in left.enumerated() {
        var current = [row + 1]
        current.reserveCapacity(right.count + 1)
        for (column, other) in right.enumerated() {
            let changed = previous[column] + (letter == other ? 0 : 1)
            current.append(min(changed, previous[column + 1] + 1, current[column] + 1))
        }
        guard current.min()! <= limit else { return nil }
        previous = current
    }
    return previous[right.count] <= limit ? previous[right.count] : nil
}
