import Bridge
import Crypto
import LinuxSystem

/// The keys that count, and those that wait for the owner.
final class KeyStore {
    /// Keys that wait; the oldest makes room.
    private static let waitingLimit = 16

    private let path: String
    private var allowed = KeyList()
    private var waiting: [PublicKey] = []
    /// What the emulator handed over.
    private var lent: PublicKey?

    init(_ options: Options) {
        path = options.dataDirectory + "/adb_keys"
        if let text = contents(of: path, limit: KeyList.fileLimit) { allowed = KeyList(decoding: text) }
        if options.policy.trustsEmulator,
            let text = contents(of: options.trustedKeyFile, limit: PublicKey.textLimit)
        {
            lent = PublicKey(text: text)
        }
    }

    /// Whose signature of `token` this is.
    func signer(of token: [UInt8], _ signature: [UInt8]) -> PublicKey? {
        guard signature.count == BridgeLimits.signatureSize else { return nil }
        let candidates = (lent.map { [$0] } ?? []) + allowed.keys
        return candidates.first { key in
            Signature.checkToken(
                signature, digest: token, modulus: key.modulus, exponent: key.exponent) == .valid
        }
    }

    func wait(_ key: PublicKey) {
        if waiting.contains(key) || allowed.keys.contains(key) { return }
        if waiting.count >= Self.waitingLimit { waiting.removeFirst() }
        waiting.append(key)
        Output.say(
            "<4>a developer wants in: key " + Self.fingerprint(key) + " of "
                + String(decoding: key.comment, as: UTF8.self) + "; `amosctl bridge allow "
                + String(decoding: Array(Self.fingerprint(key).utf8.prefix(12)), as: UTF8.self)
                + "` lets it in")
    }

    static func fingerprint(_ key: PublicKey) -> String {
        Fingerprint.text(SHA256.of(key.encoded.span) ?? [])
    }

    var replies: [BridgeReply] {
        let all = (lent.map { [$0] } ?? []) + allowed.keys.filter { $0 != lent }
        return all.map { reply($0, true) } + waiting.map { reply($0, false) }
    }

    private func reply(_ key: PublicKey, _ isAllowed: Bool) -> BridgeReply {
        .key(
            isAllowed: isAllowed, fingerprint: Self.fingerprint(key),
            comment: String(decoding: key.comment, as: UTF8.self))
    }

    enum Decided {
        case done(PublicKey)
        case wrong(String)
    }

    /// Allows a key that waits, or forgets one that waits or was allowed.
    func decide(_ request: BridgeRequest) -> Decided {
        let beginning = Array(request.fingerprint.utf8)
        guard beginning.count >= BridgeRequest.shortestFingerprint else {
            return .wrong("give at least 8 letters of the fingerprint; `amosctl bridge list` shows them")
        }
        let isAllow = request.command == .allow
        let candidates = isAllow ? waiting : waiting + allowed.keys
        let found = candidates.filter { Self.fingerprint($0).utf8.starts(with: beginning) }
        guard found.count == 1, let key = found.first else {
            return .wrong(
                found.isEmpty
                    ? "no key " + (isAllow ? "waits" : "is known") + " whose fingerprint begins like this; "
                        + "`amosctl bridge list` shows all of them"
                    : "several fingerprints begin like this; give more letters")
        }
        var changed = allowed
        if isAllow {
            guard changed.add(key) else { return .wrong("64 keys are allowed already; deny one first") }
        } else {
            changed.remove(key)
        }
        do throws(SystemCallError) {
            try Directory.replaceFile(path, with: changed.encode(), permissions: 0o600)
        } catch { return .wrong(error.description) }
        allowed = changed
        waiting.removeAll { $0 == key }
        return .done(key)
    }
}

extension BridgeLoop {
    /// `amosctl bridge`: one request each connection.
    func answerOwner(_ listener: HeldDescriptor) {
        let before = identity.become(.root)
        defer { identity.become(before) }
        var address: [UInt8] = []
        while let descriptor = try? StreamSocket.accept(listener.descriptor, address: &address) {
            let socket = LocalSocket(descriptor)
            guard let user = try? socket.peer().userID, user == 0 || user == ChildProcess.effectiveUser,
                (try? socket.descriptor.waitUntilReadable(milliseconds: 1_000)) == true,
                let packet = try? socket.receive(limit: BridgeRequest.limit),
                let request = try? BridgeRequest(decoding: packet.bytes)
            else { continue }
            for reply in answer(request) { _ = try? socket.send(reply.encode()) }
        }
    }

    private func answer(_ request: BridgeRequest) -> [BridgeReply] {
        if request.command == .list { return keys.replies + [.end] }
        switch keys.decide(request) {
        case .wrong(let reason): return [.refused(reason)]
        case .done(let key):
            // Who waits has shown a key, not that it has the secret one: it comes back and signs. Who is
            // denied leaves.
            for peer in peers where peer.key == key { peer.leave("the owner has decided about its key") }
            return [.end]
        }
    }
}
