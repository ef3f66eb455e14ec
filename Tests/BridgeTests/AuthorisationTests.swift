import Foundation
import Testing

@testable import Bridge

@Suite struct AuthorisationTests {
    /// A key as `adb keygen` writes it: from openssl's numbers, in Android's shape.
    private func text(modulus: [UInt8], exponent: UInt32 = 65537, comment: String = " me@host") -> [UInt8] {
        var bytes: [UInt8] = [64, 0, 0, 0, 1, 2, 3, 4] + modulus.reversed()
        bytes += [UInt8](repeating: 5, count: 256)
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: exponent >> (8 * $0)) }
        return Array(Data(bytes).base64EncodedData()) + Array(comment.utf8) + [0]
    }

    private let modulus = [0xc1] + (1...254).map { UInt8($0) } + [0x0f]

    @Test func readsKeys() throws {
        let key = try #require(PublicKey(text: text(modulus: modulus)))
        #expect(key.modulus == modulus && key.exponent == 65537 && key.comment == Array("me@host".utf8))
        #expect(key.encoded.count == 524)
        #expect(PublicKey(text: key.line) == key)
    }

    @Test func refusesKeys() {
        #expect(PublicKey(text: text(modulus: modulus, exponent: 1)) == nil)
        #expect(PublicKey(text: text(modulus: modulus.dropLast() + [0x0e])) == nil, "even")
        #expect(PublicKey(text: text(modulus: [0x41] + modulus.dropFirst())) == nil, "short")
        #expect(PublicKey(text: Array("AAAA me".utf8)) == nil)
        #expect(PublicKey(text: []) == nil)
        #expect(PublicKey(text: [UInt8](repeating: 0x41, count: 5000)) == nil)
        var broken = text(modulus: modulus)
        broken[10] = UInt8(ascii: "*")
        #expect(PublicKey(text: broken) == nil)
    }

    @Test func commentsAreHarmless() throws {
        let key = try #require(PublicKey(text: text(modulus: modulus, comment: " a\u{1b}[2Jb\nc")))
        #expect(key.comment == Array("a?[2Jb".utf8))
    }

    @Test(arguments: 0..<70) func base64IsFoundations(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
        let text = Base64.encode(bytes)
        #expect(text == Array(Data(bytes).base64EncodedData()))
        #expect(Base64.decode(text[...]) == bytes)
    }

    @Test func keepsKeys() throws {
        let key = try #require(PublicKey(text: text(modulus: modulus)))
        var list = KeyList(decoding: Array("# rubbish\n".utf8) + key.line + Array("\n\nAAAA\n".utf8))
        #expect(list.keys == [key])
        #expect(KeyList(decoding: list.encode()) == list)
        list.remove(key)
        #expect(list.encode().isEmpty)
    }

    @Test func twentyFailuresAMinute() {
        var limit = AttemptLimit()
        func admits(_ address: UInt8, _ now: UInt64) -> Bool {
            limit.admits([address], milliseconds: now)
        }
        for attempt in 0..<UInt64(20) {
            #expect(admits(1, attempt * 100))
            limit.noteFailure(of: [1], milliseconds: attempt * 100)
        }
        #expect(!admits(1, 2_000))
        #expect(admits(2, 2_000), "another address")
        #expect(!admits(1, 59_999))
        #expect(admits(1, 60_000), "the first one is a minute ago")
        #expect(admits(1, 200_000))
    }

    @Test func controlMessagesComeBack() throws {
        for command in [BridgeRequest.Command.list, .allow, .deny] {
            let request = BridgeRequest(command, fingerprint: "00aabbcc")
            #expect(try BridgeRequest(decoding: request.encode()) == request)
        }
        let replies: [BridgeReply] = [
            .key(isAllowed: true, fingerprint: "ab", comment: "me@host"), .end, .refused("no"),
        ]
        for reply in replies { #expect(try BridgeReply(decoding: reply.encode()) == reply) }
    }
}
