// Text is put together in calls. The standard library's own operators are copied into every place that uses
// them, a hundred bytes each time, and PID 1 has more than two hundred such places. These hide them.
//
// Their bytes are copied in calls, too: the standard library's loops over text have a second half for strings
// that are not UTF-8, which do not exist here.
extension String {
    @inline(never)
    public static func + (left: String, right: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(left.utf8.span.count + right.utf8.span.count)
        bytes.append(contentsOf: left.utf8)
        bytes.append(contentsOf: right.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    @inline(never)
    public static func += (left: inout String, right: String) { left.append(contentsOf: right) }
}

extension [UInt8] {
    @inline(never)
    public init(_ text: String.UTF8View) {
        self = []
        reserveCapacity(text.span.count)
        append(contentsOf: text)
    }

    @inline(never)
    public mutating func append(contentsOf text: String.UTF8View) {
        let source = text.span
        for index in source.indices { append(source[index]) }
    }
}
