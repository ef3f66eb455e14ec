/// Splits what `adb` composes for the handset's shell into words (POSIX quotes and backslashes).
public enum ShellWords {
    static let countLimit = 64

    /// nil: unfinished quotes, more words than anybody sends, or a character that would mean something to a
    /// shell: only a shell may read that.
    public static func split(_ text: [UInt8]) -> [[UInt8]]? {
        var words: [[UInt8]] = []
        var word: [UInt8]?
        var quote: UInt8?
        var isEscaped = false
        for byte in text {
            if isEscaped {
                word = (word ?? []) + [byte]
                isEscaped = false
            } else if let open = quote {
                if byte == open {
                    quote = nil
                } else if open == 0x22, byte == 0x5c {
                    isEscaped = true
                } else if open == 0x22, byte == 0x24 || byte == 0x60 {
                    return nil
                } else {
                    word = (word ?? []) + [byte]
                }
            } else if byte == 0x20 || byte == 0x09 {
                if let finished = word { words.append(finished) }
                word = nil
            } else if byte == 0x27 || byte == 0x22 {
                quote = byte
                word = word ?? []
            } else if byte == 0x5c {
                isEscaped = true
            } else if isMeaningful(byte) {
                return nil
            } else {
                word = (word ?? []) + [byte]
            }
        }
        if let finished = word { words.append(finished) }
        return quote == nil && !isEscaped && words.count <= countLimit ? words : nil
    }

    private static func isMeaningful(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "|"), UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "$"), UInt8(ascii: "`"), UInt8(ascii: "*"),
            UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "#"), UInt8(ascii: "~"), 0x0a:
            true
        default: false
        }
    }
}

/// A command that the bridge answers by itself: the handset has no programs of these names.
public enum BuiltInCommand: Equatable, Sendable {
    case package(PackageCommand)
    case logcat(LogcatArguments)
    /// One of the above, but not as it can be understood; why.
    case wrong(String)

    /// nil: it is for the shell.
    public init?(_ command: [UInt8]) {
        var text = command[...]
        while text.first == 0x20 { text = text.dropFirst() }
        // `adb logcat` sends: export ANDROID_LOG_TAGS="''"; exec logcat '-d'
        if text.starts(with: "export ANDROID_LOG_TAGS=".utf8) {
            guard let semicolon = text.firstIndex(of: 0x3b) else { return nil }
            text = text[(semicolon + 1)...]
            while text.first == 0x20 { text = text.dropFirst() }
        }
        if text.starts(with: "exec ".utf8) { text = text.dropFirst(5) }
        guard let words = ShellWords.split(Array(text)), let first = words.first else { return nil }
        if first.elementsEqual("logcat".utf8) {
            do throws(LogcatArguments.Failure) {
                self = .logcat(try LogcatArguments(words.dropFirst()))
            } catch { self = .wrong(error.description) }
        } else if words.count > 1, first.elementsEqual("cmd".utf8),
            words[1].elementsEqual("package".utf8)
        {
            self =
                PackageCommand(words.dropFirst(2)).map { .package($0) }
                ?? .wrong("cmd package: knows `install [-r] [-d] [-t] -S SIZE` and `uninstall [-k] ID`")
        } else if first.elementsEqual("pm".utf8) {
            guard let command = PackageCommand(words.dropFirst()) else { return nil }
            self = .package(command)
        } else {
            return nil
        }
    }
}

/// What `adb install` and `adb uninstall` ask for.
public enum PackageCommand: Equatable, Sendable {
    case install(size: UInt64, options: InstallOptions)
    case uninstall(package: [UInt8], keepsData: Bool)

    public struct InstallOptions: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// -r: what is installed already may be replaced. adb's newer versions mean it without saying so.
        public static let replace = InstallOptions(rawValue: 1)
        /// -d: also by an older version, if the handset's policy allows.
        public static let downgrade = InstallOptions(rawValue: 2)
        /// -t: a package for tests.
        public static let test = InstallOptions(rawValue: 4)
    }

    static let idLimit = 255
    /// Larger than any package; the handset's own limit is the room on its disk.
    static let sizeLimit: UInt64 = 1 << 40

    init?(_ words: ArraySlice<[UInt8]>) {
        guard let verb = words.first else { return nil }
        if verb.elementsEqual("install".utf8) {
            guard let command = Self.install(words.dropFirst()) else { return nil }
            self = command
        } else if verb.elementsEqual("uninstall".utf8) {
            var rest = words.dropFirst()
            let keepsData = rest.first?.elementsEqual("-k".utf8) ?? false
            if keepsData { rest = rest.dropFirst() }
            guard rest.count == 1, let id = rest.first, !id.isEmpty, id.count <= Self.idLimit,
                id[0] != 0x2d
            else { return nil }
            self = .uninstall(package: id, keepsData: keepsData)
        } else {
            return nil
        }
    }

    private static func install(_ words: ArraySlice<[UInt8]>) -> PackageCommand? {
        var options: InstallOptions = []
        var size: UInt64?
        var index = words.startIndex
        while index < words.endIndex {
            let word = words[index]
            index += 1
            if word.elementsEqual("-S".utf8), index < words.endIndex {
                guard let given = Decimal.number(words[index][...]), given <= sizeLimit else { return nil }
                size = given
                index += 1
            } else if word.elementsEqual("-r".utf8) {
                options.insert(.replace)
            } else if word.elementsEqual("-d".utf8) {
                options.insert(.downgrade)
            } else if word.elementsEqual("-t".utf8) {
                options.insert(.test)
            } else if !word.elementsEqual("-g".utf8), !word.elementsEqual("--streaming".utf8) {
                // -g grants permissions, which a manifest does here. Others would be ignored silently.
                return nil
            }
        }
        return size.map { .install(size: $0, options: options) }
    }
}
