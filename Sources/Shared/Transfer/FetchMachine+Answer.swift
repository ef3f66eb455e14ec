import Wire

// What an answer's head means.
extension FetchMachine {
    mutating func answered(_ answer: FetchAnswer, _ now: UInt64) -> [FetchEffect] {
        switch answer.status {
        case 200: return takeWhole(answer, now)
        case 206: return takePart(answer, now)
        case 301, 302, 303, 307, 308:
            guard !answer.location.isEmpty else { return finish(.refused(status: answer.status)) }
            return redirect(answer.location, now)
        case 403, 404, 410: return finish(.absent(status: answer.status))
        case 416: return takeNone(answer)
        case 408, 425, 429, 500, 502, 503, 504:
            // A date, which Retry-After may also have, is left to the usual pause.
            let asked = WebAddress.number(answer.retryAfter.utf8).map { min($0, 86_400) * 1000 }
            return retry("the server answered " + String(answer.status), asked, now)
        default: return finish(.refused(status: answer.status))
        }
    }

    /// From the first byte: that is what was asked for, or the server knows no ranges, or the file has
    /// changed (If-Range).
    private mutating func takeWhole(_ answer: FetchAnswer, _ now: UInt64) -> [FetchEffect] {
        let told = WebAddress.number(answer.contentLength.utf8)
        guard isSame(answer, length: told) else { return finish(.changed) }
        cursor = 0
        bodyEnd = told
        if let told, told < next { return finish(.wrongRange) }
        return receive(answer, length: told, now)
    }

    private mutating func takePart(_ answer: FetchAnswer, _ now: UInt64) -> [FetchEffect] {
        guard let (first, last, total) = Self.contentRange(answer.contentRange), first == next,
            end.map({ last < $0 }) ?? true
        else { return finish(.wrongRange) }
        guard isSame(answer, length: total) else { return finish(.changed) }
        cursor = first
        bodyEnd = last + 1
        return receive(answer, length: total, now)
    }

    /// 416: nothing is left, which is right when exactly everything was there already.
    private mutating func takeNone(_ answer: FetchAnswer) -> [FetchEffect] {
        let digits = Array(answer.contentRange.utf8).split(separator: 0x2f).last ?? []
        guard let total = WebAddress.number(digits), total == next else { return finish(.wrongRange) }
        return [.head(length: total)] + finish(nil)
    }

    private func isSame(_ answer: FetchAnswer, length told: UInt64?) -> Bool {
        guard hasToldHead else { return true }
        let isOtherTag = !entityTag.isEmpty && !UTF8Text.equal(entityTag, Self.strong(answer.entityTag))
        let isOtherLength = told != nil && length != nil && told != length
        return !isOtherTag && !isOtherLength
    }

    private mutating func receive(
        _ answer: FetchAnswer, length told: UInt64?, _ now: UInt64
    ) -> [FetchEffect] {
        length = told ?? length
        entityTag = Self.strong(answer.entityTag)
        if let length { end = min(end ?? length, length) }
        // It would end the same way later, and cost the network.
        if let end, end > request.first, end - request.first > request.byteLimit {
            return finish(.tooLong(limit: request.byteLimit))
        }
        state = .receiving
        windowBytes = 0
        stateDeadline = now + limits.stall
        let told: [FetchEffect] = hasToldHead ? [] : [.head(length: length)]
        hasToldHead = true
        // Whatever the server sends behind that is nothing that was asked for.
        if let end, end <= next { return told + finish(nil) }
        return told
    }

    /// Weak ones do not say that every byte is the same (RFC 9110, section 13.1.5).
    private static func strong(_ tag: String) -> String {
        let bytes = Array(tag.utf8)
        return bytes.first == 0x22 && bytes.count <= 100 ? tag : ""
    }

    /// `bytes 5-9/100`, or `/*`.
    static func contentRange(_ text: String) -> (first: UInt64, last: UInt64, total: UInt64?)? {
        let bytes = Array(text.utf8)
        guard bytes.starts(with: "bytes ".utf8) else { return nil }
        let parts = bytes[6...].split(separator: 0x2f)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: 0x2d)
        guard ends.count == 2, let first = WebAddress.number(ends[0]),
            let last = WebAddress.number(ends[1]), first <= last
        else { return nil }
        if parts[1].elementsEqual("*".utf8) { return (first, last, nil) }
        guard let total = WebAddress.number(parts[1]), last < total else { return nil }
        return (first, last, total)
    }
}
