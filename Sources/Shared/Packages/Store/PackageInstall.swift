/// One package on its way in.
///
///     head ──▶ payload ──▶ finished       received ▸ checked ▸ room reserved ▸ streamed and hashed
///       │         │                       ▸ fsync ▸ sealed ▸ measured ▸ renamed ▸ next generation
///       ├────┬────╯
///       │  failed
///       ╰──▶ planned: nobody wanted more than to know what would happen
///
/// Before the first byte of the payload it is known who made the package and whether it is wanted; nothing
/// of it is on the disk until then.
public final class PackageInstall<Store: PackageStore, Crypto: StreamCryptography> {
    private enum Phase { case head, payload, planned, finished, failed }

    private let engine: PackageEngine<Store, Crypto>
    private let size: UInt64
    private let options: InstallOptions
    private let file: StoredFile
    private var phase = Phase.head
    private var received: UInt64 = 0
    private var headBytes: [UInt8] = []
    private var head: PackageHead?
    private var digest: Crypto.Running?
    /// What the set would be, of a dry run whose head has come: it needs nothing more.
    public private(set) var plan: Generation?

    init(
        _ engine: PackageEngine<Store, Crypto>, size: UInt64, _ options: InstallOptions, file: StoredFile
    ) {
        (self.engine, self.size, self.options, self.file) = (engine, size, options, file)
    }

    deinit { cancel() }

    /// The next bytes of the package. After an error there is nothing left of it.
    public func receive(_ bytes: Span<UInt8>) throws(PackageError) {
        do throws(PackageError) {
            guard received + UInt64(bytes.count) <= size else {
                throw .badFormat(.package, "more bytes came than were announced")
            }
            received += UInt64(bytes.count)
            var rest = 0..<bytes.count
            if phase == .head { rest = try takeHead(bytes) }
            if phase == .payload, !rest.isEmpty { try takePayload(bytes.extracting(rest)) }
        } catch {
            cancel()
            throw error
        }
    }

    /// Nobody wants it any more.
    public func cancel() {
        if phase == .payload { try? engine.store.remove(file) }
        if phase != .finished { phase = .failed }
    }

    /// What of `bytes` is payload.
    private func takeHead(_ bytes: Span<UInt8>) throws(PackageError) -> Range<Int> {
        var used = 0
        // First only as much as says how much there is.
        while used < bytes.count {
            let wanted = try headSize() - headBytes.count
            let count = min(wanted, bytes.count - used)
            for index in used..<used + count { headBytes.append(bytes[index]) }
            used += count
            if headBytes.count >= PackageHeader.byteCount, try headSize() == headBytes.count {
                try begin(PackageHead(decoding: headBytes))
                break
            }
        }
        return used..<bytes.count
    }

    private func headSize() throws(PackageError) -> Int {
        guard headBytes.count >= PackageHeader.byteCount else { return PackageHeader.byteCount }
        let header = try PackageHeader(decoding: headBytes)
        guard header.fileSize == size else {
            throw .badFormat(.package, "it is not as long as its header says")
        }
        return Int(header.payloadOffset)
    }

    private func begin(_ head: PackageHead) throws(PackageError) {
        let next = try check(head)
        if options.contains(.dryRun) {
            (plan, phase) = (next, .planned)
            return
        }
        try engine.attempt("reserve room for " + head.manifest.id.text) { () throws(StoreProblem) in
            phase = .payload
            try engine.store.create(file, size: head.header.payloadSize)
        }
        self.head = head
        digest = engine.crypto.beginSHA256()
    }

    /// Everything that can be known without the payload, against the set as it is now. Returns what the set
    /// would be.
    private func check(_ head: PackageHead) throws(PackageError) -> Generation {
        let manifest = head.manifest
        try engine.checkUsable()
        let current = engine.current
        if !options.contains(.repository) {
            try engine.policy.checkSideload(isDeveloperMode: engine.isDeveloperMode)
        }
        try engine.policy.check(manifest, options)
        let key = try head.signatures.verify(
            manifest, head.manifestBytes, owner: current.owner(of: manifest.id), with: engine.crypto)
        try engine.policy.checkPublisher(key, of: manifest.id)
        try current.checkVersion(manifest, options)
        let removals = try replaced(by: manifest)
        let before = current[manifest.id]
        var package = Generation.Package(
            manifest, digest: engine.crypto.sha256(head.manifestBytes), key: key,
            reason: current.reason(of: manifest.id, options))
        if let before { (package.isHeld, package.pin) = (before.isHeld, before.pin) }
        return try current.successor(
            newestNumber: engine.newestNumber, putting: [package], removing: removals)
    }

    /// What goes because the package says that it takes its place; that something else must go, or come, is
    /// an error.
    private func replaced(by manifest: PackageManifest) throws(PackageError) -> [PackageID] {
        let range = VersionRange.exactly(manifest.version)
        let change = try engine.change(
            [.install(manifest.id, range, allowsDowngrade: options.contains(.downgrade))], adding: manifest)
        for package in change.puts
        where package.id != manifest.id || package.versionCode != manifest.versionCode {
            throw .policy(manifest.id.text + " cannot be installed beside what is here")
        }
        for id in change.removals where !manifest.replaces.contains(where: { $0.id == id }) {
            throw .policy(
                manifest.id.text + " cannot be there together with " + id.text + "; remove that first")
        }
        return change.removals
    }

    private func takePayload(_ bytes: Span<UInt8>) throws(PackageError) {
        guard let head else { return }
        digest?.add(bytes)
        let offset = received - UInt64(bytes.count) - head.header.payloadOffset
        try engine.attempt("write " + head.manifest.id.text) { () throws(StoreProblem) in
            try engine.store.write(bytes, to: file, at: offset)
        }
    }

    /// Everything has come: makes it part of the installed set. When this returns it is on the disk.
    public func finish() throws(PackageError) -> Generation.Package {
        do throws(PackageError) {
            guard phase == .payload, received == size, let head else {
                throw .badFormat(.package, "it is cut short")
            }
            guard let sum = digest?.finish(), sum == head.manifest.payload.sha256 else {
                throw .payloadDiffers(head.manifest.id)
            }
            // Again: the set may be another one by now.
            let next = try check(head)
            try place(head)
            phase = .finished
            try engine.commit(next)
            guard let package = next[head.manifest.id] else { throw .unknownPackage(head.manifest.id) }
            return package
        } catch {
            cancel()
            // What was placed and is not named by any set.
            _ = try? engine.collectGarbage()
            throw error
        }
    }

    private func place(_ head: PackageHead) throws(PackageError) {
        let payload = head.manifest.payload
        let store = engine.store
        let measured = try engine.attempt("seal " + head.manifest.id.text) { () throws(StoreProblem) in
            try store.synchronize(file)
            try store.seal(file)
            return try store.measure(file)
        }
        guard measured == payload.verity else { throw .payloadDiffers(head.manifest.id) }
        try engine.attempt("store " + head.manifest.id.text) { () throws(StoreProblem) in
            try store.place(file, as: .payload(payload.verity))
            try store.synchronize(.payloads)
        }
        let name = StoredFile.manifest(engine.crypto.sha256(head.manifestBytes))
        try engine.write(headBytes, to: name, "store the manifest of " + head.manifest.id.text)
    }
}
