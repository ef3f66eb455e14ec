extension String {
    /// For C, which wants a zero at its end. As the standard library's function of this name, but called:
    /// that one is copied wherever it is used, with a second half for strings that are not UTF-8. It is taken
    /// for bodies that return an `Int`; any other result gets the standard library's.
    @inline(never)
    func withCString(_ body: (UnsafePointer<CChar>) -> Int) -> Int {
        let bytes = zeroTerminated
        return bytes.withUnsafeBufferPointer { text in
            guard let start = text.baseAddress else { return 0 }
            return body(start)
        }
    }

    @inline(never)
    var zeroTerminated: [CChar] {
        let source = utf8.span
        var bytes: [CChar] = []
        bytes.reserveCapacity(source.count + 1)
        for index in source.indices { bytes.append(CChar(bitPattern: source[index])) }
        bytes.append(0)
        return bytes
    }
}
