import Wire

/// What `adb logcat` was called with.
public struct LogcatArguments: Equatable, Sendable {
    public enum Format: Equatable, Sendable { case threadTime, brief, time, tag, raw, json }

    /// Android's letters for priorities; `silent` lets nothing pass.
    public enum Priority: UInt8, Sendable {
        case verbose = 0
        case debug, information, warning, error, fatal, silent

        public init(_ level: LogRecord.Level) {
            switch level {
            case .emergency, .alert, .critical: self = .fatal
            case .error: self = .error
            case .warning: self = .warning
            case .notice, .information: self = .information
            case .debug: self = .debug
            }
        }

        init?(letter: UInt8) {
            switch letter & 0xdf {
            case UInt8(ascii: "V"): self = .verbose
            case UInt8(ascii: "D"): self = .debug
            case UInt8(ascii: "I"): self = .information
            case UInt8(ascii: "W"): self = .warning
            case UInt8(ascii: "E"): self = .error
            case UInt8(ascii: "F"), UInt8(ascii: "A"): self = .fatal
            case UInt8(ascii: "S"): self = .silent
            default: return nil
            }
        }

        public var letter: UInt8 {
            switch self {
            case .verbose: UInt8(ascii: "V")
            case .debug: UInt8(ascii: "D")
            case .information: UInt8(ascii: "I")
            case .warning: UInt8(ascii: "W")
            case .error: UInt8(ascii: "E")
            case .fatal: UInt8(ascii: "F")
            case .silent: UInt8(ascii: "S")
            }
        }
    }

    public struct Filter: Equatable, Sendable {
        public var tag: [UInt8]
        public var priority: Priority
    }

    /// Which records: the kernel's are a buffer of their own, all others are `main`.
    public struct Buffers: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let main = Buffers(rawValue: 1)
        public static let kernel = Buffers(rawValue: 2)
    }

    public enum Failure: Error, Equatable, CustomStringConvertible {
        case option([UInt8])
        case value(option: StaticString, [UInt8])

        public var description: String {
            switch self {
            case .option(let word):
                "logcat: " + String(decoding: word, as: UTF8.self)
                    + " is not known here; there are -d -c -s -b -v -t -T -m and TAG:PRIORITY"
            case .value(let option, let value):
                "logcat: " + option.description + " does not take " + String(decoding: value, as: UTF8.self)
            }
        }

        public static func == (left: Failure, right: Failure) -> Bool {
            left.description.utf8.elementsEqual(right.description.utf8)
        }
    }

    /// A person writes a few.
    static let filterLimit = 64

    public var format = Format.threadTime
    public var buffers: Buffers = [.main]
    /// Ends when what is stored has been written.
    public var isDump = false
    public var clears = false
    /// The newest so many.
    public var newest: UInt32?
    /// Ends after so many.
    public var count: UInt64?
    public var filters: [Filter] = []
    /// Of tags that no filter names.
    public var otherPriority = Priority.verbose

    public init(_ words: ArraySlice<[UInt8]>) throws(Failure) {
        var index = words.startIndex
        while index < words.endIndex {
            let word = words[index]
            index += 1
            if word.count >= 2, word[0] == 0x2d {
                let takesValue = [UInt8]("bvtTm".utf8).contains(word[1])
                var value = Array(word.dropFirst(2))
                if takesValue, value.isEmpty, index < words.endIndex {
                    value = words[index]
                    index += 1
                }
                guard takesValue || value.isEmpty else { throw .option(word) }
                try take(word[1], value, word)
            } else if !word.isEmpty {
                try addFilter(word)
            }
        }
    }

    private mutating func take(_ option: UInt8, _ value: [UInt8], _ word: [UInt8]) throws(Failure) {
        switch option {
        case UInt8(ascii: "d"): isDump = true
        case UInt8(ascii: "c"): clears = true
        case UInt8(ascii: "s"): otherPriority = .silent
        case UInt8(ascii: "b"): try takeBuffers(value)
        case UInt8(ascii: "v"): try takeFormat(value)
        case UInt8(ascii: "t"), UInt8(ascii: "T"):
            guard let number = Decimal.number(value[...]), number > 0, number < UInt64(UInt32.max) else {
                throw .value(option: "-t", value)
            }
            newest = UInt32(number)
            if option == UInt8(ascii: "t") { isDump = true }
        case UInt8(ascii: "m"):
            guard let number = Decimal.number(value[...]), number > 0 else {
                throw .value(option: "-m", value)
            }
            count = number
        default: throw .option(word)
        }
    }

    private mutating func takeBuffers(_ value: [UInt8]) throws(Failure) {
        var chosen: Buffers = []
        for name in value.split(separator: 0x2c) {
            if name.elementsEqual("all".utf8) {
                chosen.formUnion([.main, .kernel])
            } else if name.elementsEqual("kernel".utf8) {
                chosen.insert(.kernel)
            } else if ["main", "system", "crash", "default"].contains(where: { name.elementsEqual($0.utf8) })
            {
                chosen.insert(.main)
            } else if !["events", "radio", "security", "stats"].contains(
                where: { name.elementsEqual($0.utf8) })
            {
                throw .value(option: "-b", value)
            }
        }
        buffers = chosen
    }

    private mutating func takeFormat(_ value: [UInt8]) throws(Failure) {
        for name in value.split(separator: 0x2c) {
            if name.elementsEqual("threadtime".utf8) {
                format = .threadTime
            } else if name.elementsEqual("brief".utf8) {
                format = .brief
            } else if name.elementsEqual("time".utf8) {
                format = .time
            } else if name.elementsEqual("tag".utf8) {
                format = .tag
            } else if name.elementsEqual("raw".utf8) {
                format = .raw
            } else if name.elementsEqual("json".utf8) {
                format = .json
            } else if ![[UInt8]]([Array("color".utf8), Array("printable".utf8), Array("UTC".utf8)])
                .contains(Array(name))
            {
                throw .value(option: "-v", value)
            }
        }
    }

    /// `TAG:PRIORITY`, `TAG` (everything of it), `*:PRIORITY`.
    private mutating func addFilter(_ word: [UInt8]) throws(Failure) {
        let colon = word.lastIndex(of: 0x3a) ?? word.count
        let (tag, letters) = (Array(word[..<colon]), word[colon...].dropFirst())
        var priority = Priority.verbose
        if let letter = letters.first {
            guard let given = Priority(letter: letter) ?? (letter == 0x2a ? .verbose : nil) else {
                throw .value(option: "a filter", word)
            }
            priority = given
        }
        if tag.elementsEqual("*".utf8) {
            otherPriority = priority
        } else {
            guard filters.count < Self.filterLimit, !tag.isEmpty else {
                throw .value(option: "a filter", word)
            }
            filters.append(Filter(tag: tag, priority: priority))
        }
    }

    public func admits(_ record: LogRecord) -> Bool {
        let isKernel = record.service.utf8.elementsEqual("kernel".utf8)
        guard buffers.contains(isKernel ? .kernel : .main) else { return false }
        let priority = Priority(record.head.level)
        // As with Android's, the last filter for a tag counts.
        let filter = filters.last { record.service.utf8.elementsEqual($0.tag) }
        return priority.rawValue >= (filter?.priority ?? otherPriority).rawValue
    }
}
