/// A shell pattern for paths (glob(7)): `*`, `?` and `[a-z]`, none of which matches a slash.
///
/// Matching takes at most pattern × path steps, whatever the pattern. Characters are Unicode scalars; a case
/// is never folded; a leading dot is a character like any other, as in python-tuf.
struct PathPattern: Sendable {
    private enum Element: Sendable {
        case one(UInt32)
        case any
        case anyRun
        case set(isNegated: Bool, ranges: [ClosedRange<UInt32>])
    }

    /// Per component between slashes.
    private let components: [[Element]]

    init(_ text: String) {
        var components: [[Element]] = []
        for component in Self.split(text) { components.append(Self.parse(component)) }
        self.components = components
    }

    func matches(_ path: String) -> Bool {
        let parts = Self.split(path)
        guard parts.count == components.count else { return false }
        for (part, elements) in zip(parts, components) where !Self.matches(part, elements) { return false }
        return true
    }

    private static func split(_ text: String) -> [[UInt32]] {
        var parts: [[UInt32]] = [[]]
        for scalar in text.unicodeScalars {
            if scalar.value == 0x2f { parts.append([]) } else { parts[parts.count - 1].append(scalar.value) }
        }
        return parts
    }

    private static func parse(_ text: [UInt32]) -> [Element] {
        var elements: [Element] = []
        var index = 0
        while index < text.count {
            switch text[index] {
            case 0x2a:  // *
                elements.append(.anyRun)
                index += 1
            case 0x3f:  // ?
                elements.append(.any)
                index += 1
            case 0x5b:  // [
                if let (set, next) = parseSet(text, after: index + 1) {
                    elements.append(set)
                    index = next
                } else {
                    // Never closed: a bracket.
                    elements.append(.one(text[index]))
                    index += 1
                }
            default:
                elements.append(.one(text[index]))
                index += 1
            }
        }
        return elements
    }

    /// `a-z]`, `!abc]`; a bracket that comes first belongs to the set.
    private static func parseSet(_ text: [UInt32], after start: Int) -> (Element, next: Int)? {
        var index = start
        let isNegated = index < text.count && text[index] == 0x21
        if isNegated { index += 1 }
        let first = index
        var ranges: [ClosedRange<UInt32>] = []
        while index < text.count {
            if text[index] == 0x5d, index > first {
                return (.set(isNegated: isNegated, ranges: ranges), index + 1)
            }
            if index + 2 < text.count, text[index + 1] == 0x2d, text[index + 2] != 0x5d {
                // A range that runs backwards is empty.
                if text[index] <= text[index + 2] { ranges.append(text[index]...text[index + 2]) }
                index += 3
            } else {
                ranges.append(text[index]...text[index])
                index += 1
            }
        }
        return nil
    }

    /// Goes back to the last star only, which is enough: an earlier one could match nothing that this cannot.
    private static func matches(_ text: [UInt32], _ elements: [Element]) -> Bool {
        var position = 0
        var element = 0
        var star: (element: Int, position: Int)?
        while position < text.count {
            if element < elements.count {
                if case .anyRun = elements[element] {
                    star = (element, position)
                    element += 1
                    continue
                }
                if accepts(elements[element], text[position]) {
                    element += 1
                    position += 1
                    continue
                }
            }
            guard let last = star else { return false }
            star = (last.element, last.position + 1)
            element = last.element + 1
            position = last.position + 1
        }
        while element < elements.count {
            guard case .anyRun = elements[element] else { return false }
            element += 1
        }
        return true
    }

    private static func accepts(_ element: Element, _ character: UInt32) -> Bool {
        switch element {
        case .one(let expected): return expected == character
        case .any, .anyRun: return true
        case .set(let isNegated, let ranges):
            for range in ranges where range.contains(character) { return !isNegated }
            return isNegated
        }
    }
}
