import Testing

@testable import Trust

/// What a client asks for, and how much of it it takes, whatever a repository answers.
@Suite struct UpdateLimitTests {
    /// Signatures are good where their text is `00`.
    private struct Credulous: TrustCryptography {
        func hash(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) -> [UInt8] {
            [UInt8](repeating: 0, count: algorithm.byteCount)
        }

        func accepts(_ signature: [UInt8], of message: [UInt8], by key: PublicKey) -> Bool {
            signature == [0]
        }
    }

    private static let publicKey = String(repeating: "07", count: 32)
    private static let keys =
        #""keys":{"k":{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"\#(publicKey)"}}}"#
    private static let role = #"{"keyids":["k"],"threshold":1}"#

    private func document(_ type: String, _ version: Int64, _ rest: String) -> [UInt8] {
        let head = #""_type":"\#(type)","spec_version":"1.0.31","version":\#(version)"#
        let body = #"{\#(head),"expires":"2030-01-01T00:00:00Z",\#(rest)}"#
        return Array(#"{"signatures":[{"keyid":"k","sig":"00"}],"signed":\#(body)}"#.utf8)
    }

    private func root(_ version: Int64) -> [UInt8] {
        let roles = ["root", "timestamp", "snapshot", "targets"].map { "\"\($0)\":\(Self.role)" }
        return document("root", version, #"\#(Self.keys),"roles":{\#(roles.joined(separator: ","))}"#)
    }

    private func updater(root version: Int64 = 1, limits: UpdateLimits) throws -> Updater<Credulous> {
        try Updater(
            trustedRoot: root(version), floor: TimeFloor(seconds: 9), clock: nil, cryptography: Credulous(),
            limits: limits)
    }

    @Test func rootsAreFollowedOnlySoFar() throws {
        var limits = UpdateLimits()
        limits.rootCount = 3
        var updater = try updater(limits: limits)
        var effects = updater.refresh()
        var names: [String] = []
        while case .fetch(let name, let limit) = effects.last {
            #expect(limit == 512_000)
            names.append(name)
            effects = updater.handle(.fetched(root(Int64(names.count) + 1)))
        }
        #expect(names == ["2.root.json", "3.root.json", "4.root.json"])
        guard case .load("timestamp.json") = effects.last else { return #expect(Bool(false), "\(effects)") }
        #expect(updater.trusted.root.version == 4)
    }

    /// The timestamp's key is online: what it announces is no promise of memory.
    @Test func announcedLengthsHaveALimit() throws {
        var updater = try updater(limits: UpdateLimits())
        var effects = updater.refresh()
        effects = updater.handle(.absent)
        effects = updater.handle(.loaded(nil))
        effects = updater.handle(.loaded(nil))
        let meta = #""meta":{"snapshot.json":{"version":1,"length":1152921504606846976}}"#
        effects = updater.handle(.fetched(document("timestamp", 1, meta)))
        guard case .fetch("snapshot.json", 2_000_000) = effects.last else {
            Issue.record("\(effects)")
            return
        }
    }

    @Test func keysAreNotWithoutNumber() throws {
        let ids = (0..<300).map { "\"i\($0)\"" }.joined(separator: ",")
        let role = #"{"keyids":[\#(ids)],"threshold":1}"#
        let roles = ["root", "timestamp", "snapshot", "targets"].map { "\"\($0)\":\(role)" }
        let root = document("root", 1, #"\#(Self.keys),"roles":{\#(roles.joined(separator: ","))}"#)
        #expect(throws: TrustError.self) {
            try Updater(
                trustedRoot: root, floor: TimeFloor(seconds: 9), clock: nil, cryptography: Credulous())
        }
    }

    @Test func theLastVersionHasNoSuccessor() throws {
        var updater = try updater(root: .max, limits: UpdateLimits())
        guard case .load("timestamp.json") = updater.refresh().last else {
            Issue.record("a root was asked for")
            return
        }
    }

    @Test func moreThanAskedForIsRefused() throws {
        var limits = UpdateLimits()
        limits.root = 2000
        var updater = try updater(limits: limits)
        _ = updater.refresh()
        let next = root(2)
        let effects = updater.handle(.fetched(next + [UInt8](repeating: 0x20, count: 2001 - next.count)))
        guard case .failed(.tooLong("2.root.json", 2000)) = effects.last else {
            Issue.record("\(effects)")
            return
        }
        #expect(effects.count == 1)
    }

    /// Each role delegates to the next one, without end.
    @Test func rolesAreVisitedOnlySoFar() throws {
        var limits = UpdateLimits()
        limits.roleCount = 5
        var updater = try updater(limits: limits)
        let listed = (0..<100).map { #""r\#($0).json":{"version":1}"# }.joined(separator: ",")
        func targets(next: Int) -> [UInt8] {
            let delegation =
                #"{"name":"r\#(next)","keyids":["k"],"threshold":1,"terminating":false,"paths":["*"]}"#
            return document(
                "targets", 1, #""targets":{},"delegations":{\#(Self.keys),"roles":[\#(delegation)]}"#)
        }
        var effects = updater.refresh()
        var visited = 0
        steps: for _ in 0..<200 {
            switch effects.last {
            case .load: effects = updater.handle(.loaded(nil))
            case .fetch("2.root.json", _): effects = updater.handle(.absent)
            case .fetch("timestamp.json", _):
                let meta = #""meta":{"snapshot.json":{"version":1}}"#
                effects = updater.handle(.fetched(document("timestamp", 1, meta)))
            case .fetch("snapshot.json", _):
                let meta = #""meta":{"targets.json":{"version":1},\#(listed)}"#
                effects = updater.handle(.fetched(document("snapshot", 1, meta)))
            case .fetch:
                effects = updater.handle(.fetched(targets(next: visited)))
                visited += 1
            case .refreshed: effects = updater.find("x")
            default: break steps
            }
        }
        guard case .failed(.tooManyRoles("x", 5)) = effects.last else {
            Issue.record("\(effects)")
            return
        }
        // The top-level targets, and as many delegated roles as may be.
        #expect(visited == 6)
    }
}
