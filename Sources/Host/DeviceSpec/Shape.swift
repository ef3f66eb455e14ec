/// What a value may be. Reader and JSON Schema are both driven by it, so they cannot disagree.
indirect enum Shape: Sendable {
    case text(TextRule)
    case integer(ClosedRange<Int>)
    case boolean
    case choice([String])
    /// Words stand in a list once, unless it is a command, where order and repetition mean something.
    case list(of: Shape, mayRepeat: Bool = false)
    /// Fixed keys.
    case map(KeyTable)
    /// Keys that the author names: `what` they are, how names and values look.
    case dictionary(what: String, keys: TextRule, values: Shape)
    /// One of some words, or a map.
    case either([String], KeyTable)
    /// Any of these. What is written decides which: they are of different kinds (text, list, map), or at most
    /// one of them fits.
    case anyOf([Shape])

    var expected: String {
        switch self {
        case .text(let rule): rule.expected
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .choice(let words): words.count == 1 ? words[0] : "one of \(words.joined(separator: ", "))"
        case .list(let element, _): "a list, each item \(element.expected)"
        case .map(let table): "a map with keys \(table.names.joined(separator: ", "))"
        case .dictionary(let what, _, _): "a map from \(what) to its settings"
        case .either(let words, let table):
            "\(Shape.choice(words).expected), or a map with keys "
                + table.names.joined(separator: ", ")
        case .anyOf(let shapes): shapes.map(\.expected).joined(separator: ", or ")
        }
    }
}

/// The keys of one kind of map.
struct KeyTable: Sendable {
    struct Key: Sendable {
        enum Presence: Sendable {
            case optional
            /// In this very map.
            case required
            /// In the map that results from all layers (`extends`, variants).
            case requiredFinally
        }

        let name: String
        let shape: Shape
        let presence: Presence
        /// One line for editors and the reference.
        let summary: String

        init(_ name: String, _ shape: Shape, _ summary: String, _ presence: Presence = .optional) {
            self.name = name
            self.shape = shape
            self.presence = presence
            self.summary = summary
        }
    }

    let title: String
    let keys: [Key]

    init(_ title: String, _ keys: [Key]) {
        self.title = title
        self.keys = keys
    }

    var names: [String] { keys.map(\.name) }

    subscript(name: String) -> Key? { keys.first { $0.name == name } }

    /// The same keys for naming what a layer takes out of the lists and dictionaries it inherits.
    var removal: KeyTable {
        KeyTable(
            "remove",
            keys.compactMap { key in
                switch key.shape {
                case .list, .dictionary:
                    Key(key.name, .list(of: .text(.line)), "Takes these out of the inherited \(key.name).")
                case .map(let table) where !table.removal.keys.isEmpty:
                    Key(key.name, .map(table.removal), "Takes these out of the inherited \(key.name).")
                default: nil
                }
            })
    }
}
