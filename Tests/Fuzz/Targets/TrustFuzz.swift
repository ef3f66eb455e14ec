import Trust
import Wire

/// The first byte chooses the role that the rest is offered as, to a client that got everything before it in
/// order. Signatures are taken for good where their text is `00`, so that mutations reach what lies behind
/// them.
enum TrustFuzz {
    private struct Credulous: TrustCryptography {
        func hash(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) -> [UInt8] {
            [UInt8](repeating: 0, count: algorithm.byteCount)
        }

        func accepts(_ signature: [UInt8], of message: [UInt8], by key: PublicKey) -> Bool {
            signature == [0]
        }
    }

    private static let names = ["root", "timestamp", "snapshot", "targets", "team"]
    private static let path = "team/x"

    static func run(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let role = names[Int(first) % names.count]
        let body = Array(bytes.dropFirst())
        checkCanonicalForm(body)
        follow(body, as: role, isCached: false)
        follow(body, as: role, isCached: true)
    }

    /// What is canonical stays so. Not every canonical form can be read: control characters are not escaped.
    private static func checkCanonicalForm(_ bytes: [UInt8]) {
        guard let value = try? JSONParser.parse(bytes), let canonical = CanonicalJSON.encode(value),
            let again = try? JSONParser.parse(canonical)
        else { return }
        demand(CanonicalJSON.encode(again) == canonical, "a canonical form changes")
    }

    private static func follow(_ body: [UInt8], as role: String, isCached: Bool) {
        let valid = { (name: String) in documents[names.firstIndex(of: name) ?? 0] }
        let isFirstRoot = role == "root" && isCached
        guard
            var updater = try? Updater(
                trustedRoot: isFirstRoot ? body : valid("root"), floor: TimeFloor(seconds: 100), clock: nil,
                cryptography: Credulous())
        else { return }
        var effects = updater.refresh()
        var persisted = 0
        // A client makes a bounded number of requests, whatever it is told.
        for _ in 0..<1000 {
            for effect in effects {
                if case .persist(let file, let bytes) = effect {
                    persisted += 1
                    demand(!file.utf8.contains(UInt8(ascii: "/")), "a file leaves its folder")
                    demand(!bytes.isEmpty, "nothing was persisted")
                }
                if case .persistFloor(let floor) = effect {
                    demand(floor.seconds > 100, "the floor of time sank")
                }
            }
            guard let event = answer(effects, body, role, isCached, valid) else { break }
            switch event {
            case .refreshed: effects = updater.find(path)
            case .request(let event): effects = updater.handle(event)
            }
        }
        guard let last = effects.last else { return demand(false, "an answer without an end") }
        switch last {
        case .failed(let error): demand(!error.description.isEmpty, "an error without words")
        case .found(let target): demand(UTF8Text.equal(target.path, path), "another target was found")
        default: demand(false, "a client that does not come to an end")
        }
    }

    private enum Next {
        case refreshed
        case request(UpdateEvent)
    }

    private static func answer(
        _ effects: [UpdateEffect], _ body: [UInt8], _ role: String, _ isCached: Bool,
        _ valid: (String) -> [UInt8]
    ) -> Next? {
        switch effects.last {
        case .refreshed: return .refreshed
        case .load(let file):
            guard isCached, file.utf8.elementsEqual((role + ".json").utf8) else {
                return .request(.loaded(nil))
            }
            return .request(.loaded(body))
        case .fetch(let name, _):
            let isRoot = name.utf8.reversed().starts(with: "root.json".utf8.reversed())
            if isRoot {
                return .request(
                    role == "root" && !isCached && name == "2.root.json" ? .fetched(body) : .absent)
            }
            for other in names where name.utf8.elementsEqual((other + ".json").utf8) {
                return .request(.fetched(other == role && !isCached ? body : valid(other)))
            }
            return .request(.absent)
        default: return nil
        }
    }

    private static let publicKey = String(repeating: "07", count: 32)
    private static let key =
        #""keytype":"ed25519","scheme":"ed25519","keyval":{"public":"\#(publicKey)"}"#

    /// A valid one of each role; snapshots are not consistent, so names have no versions.
    private static let documents: [[UInt8]] = {
        let head = { (type: String) in
            #""_type":"\#(type)","spec_version":"1.0.31","version":1,"expires":"2030-01-01T00:00:00Z""#
        }
        let role = #"{"keyids":["k"],"threshold":1}"#
        let roles = ["root", "timestamp", "snapshot", "targets"].map { "\"\($0)\":\(role)" }
        let hash = #""hashes":{"sha256":"\#(String(repeating: "00", count: 32))"}"#
        let delegation =
            #"{"name":"team","keyids":["k"],"threshold":1,"terminating":true,"paths":["team/*","[a-c]?x"]}"#
        let bodies = [
            head("root") + #","keys":{"k":{\#(key)}},"roles":{\#(roles.joined(separator: ","))}"#,
            head("timestamp")
                + #","x-amos-issued":"2026-01-01T00:00:00Z","meta":{"snapshot.json":{"version":1}}"#,
            head("snapshot") + #","meta":{"targets.json":{"version":1},"team.json":{"version":1,\#(hash)}}"#,
            head("targets")
                + #","targets":{},"delegations":{"keys":{"k":{\#(key)}},"roles":[\#(delegation)]}"#,
            head("targets") + #","targets":{"team/x":{"length":3,\#(hash),"custom":{"a":[1,null]}}}"#,
        ]
        return bodies.map {
            Array(#"{"signatures":[{"keyid":"k","sig":"00"}],"signed":{\#($0)}}"#.utf8)
        }
    }()

    static var seeds: [[UInt8]] {
        var next = documents[0]
        if let place = next.indices.first(where: { next[$0...].starts(with: Array("\"version\":1".utf8)) }) {
            next[place + 10] = UInt8(ascii: "2")
        }
        return documents.enumerated().map { [UInt8($0.offset)] + $0.element } + [[0] + next]
    }
}
