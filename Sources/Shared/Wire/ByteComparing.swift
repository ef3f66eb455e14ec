// Bytes are compared and split in calls, as texts are joined (TextJoining.swift). The standard library's
// generic functions are compiled for each pair of types, and for text twice: once for strings that are not
// UTF-8, which do not exist here. These hide them.
extension String.UTF8View {
    @inline(never)
    public func starts(with prefix: String.UTF8View) -> Bool { ByteText.starts(span, with: prefix.span) }

    @inline(never)
    public func elementsEqual(_ other: String.UTF8View) -> Bool {
        ByteText.isEqual(span, to: other.span)
    }

    @inline(never)
    public func elementsEqual(_ other: [UInt8]) -> Bool { ByteText.isEqual(span, to: other.span) }

    @inline(never)
    public func lexicographicallyPrecedes(_ other: String.UTF8View) -> Bool {
        ByteText.precedes(span, other.span)
    }
}

extension [UInt8] {
    @inline(never)
    public func starts(with prefix: String.UTF8View) -> Bool { ByteText.starts(span, with: prefix.span) }

    @inline(never)
    public func elementsEqual(_ other: String.UTF8View) -> Bool {
        ByteText.isEqual(span, to: other.span)
    }

    @inline(never)
    public func elementsEqual(_ other: [UInt8]) -> Bool { ByteText.isEqual(span, to: other.span) }

    @inline(never)
    public func lexicographicallyPrecedes(_ other: [UInt8]) -> Bool { ByteText.precedes(span, other.span) }

    public func split(separator: UInt8) -> [ArraySlice<UInt8>] { self[...].split(separator: separator) }
}

extension ArraySlice<UInt8> {
    @inline(never)
    public func starts(with prefix: String.UTF8View) -> Bool { ByteText.starts(span, with: prefix.span) }

    @inline(never)
    public func starts(with prefix: ArraySlice<UInt8>) -> Bool { ByteText.starts(span, with: prefix.span) }

    @inline(never)
    public func elementsEqual(_ other: String.UTF8View) -> Bool {
        ByteText.isEqual(span, to: other.span)
    }

    /// Without empty parts.
    @inline(never)
    public func split(separator: UInt8) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = startIndex
        for index in startIndex...endIndex where index == endIndex || self[index] == separator {
            if index > start { parts.append(self[start..<index]) }
            start = index + 1
        }
        return parts
    }
}

/// The one comparison behind all of these.
private enum ByteText {
    @inline(never)
    static func starts(_ bytes: Span<UInt8>, with prefix: Span<UInt8>) -> Bool {
        guard bytes.count >= prefix.count else { return false }
        for index in 0..<prefix.count where bytes[index] != prefix[index] { return false }
        return true
    }

    static func isEqual(_ bytes: Span<UInt8>, to other: Span<UInt8>) -> Bool {
        bytes.count == other.count && starts(bytes, with: other)
    }

    @inline(never)
    static func precedes(_ bytes: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        for index in 0..<min(bytes.count, other.count) where bytes[index] != other[index] {
            return bytes[index] < other[index]
        }
        return bytes.count < other.count
    }
}
