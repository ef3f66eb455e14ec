// As in Wire, which nothing here imports: text is put together in calls, not copied into every place.
extension String {
    @inline(never)
    static func + (left: String, right: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(left.utf8.span.count + right.utf8.span.count)
        bytes.append(contentsOf: left.utf8)
        bytes.append(contentsOf: right.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    @inline(never)
    static func += (left: inout String, right: String) { left.append(contentsOf: right) }
}

extension [UInt8] {
    @inline(never)
    init(_ text: String.UTF8View) {
        self = []
        reserveCapacity(text.span.count)
        append(contentsOf: text)
    }

    @inline(never)
    mutating func append(contentsOf text: String.UTF8View) {
        let source = text.span
        for index in source.indices { append(source[index]) }
    }
}
