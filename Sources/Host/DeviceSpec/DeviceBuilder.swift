import Packages
import Services

/// Turns the merged layers of a device into its model, checking what no single file can tell.
struct DeviceBuilder {
    let loader: DeviceLoader
    let variant: Device.Variant
    let file: String
    let name: String
    let reader: NodeReader

    var diagnostics: DiagnosticCollector { loader.diagnostics }

    init(loader: DeviceLoader, chain: [SourceNode], variant: Device.Variant) {
        self.loader = loader
        self.variant = variant
        file = chain[chain.count - 1].location.file
        name = DeviceLoader.name(of: file)
        let variantLayers = chain.compactMap { $0["variants"]?[variant.rawValue] }
        let common = chain.map { device in
            SourceNode(
                content: .map(
                    device.entries.filter { !["name", "extends", "variants"].contains($0.key) }),
                location: SourceLocation(file: device.location.file, line: 1, column: 1))
        }
        var merged = Layers(diagnostics: loader.diagnostics).stack(common + variantLayers)
        merged.location = SourceLocation(file: file, line: 1, column: 1)
        reader = NodeReader(node: merged, diagnostics: loader.diagnostics)
    }

    /// Nil if something is wrong; it has been reported then.
    mutating func build() -> Device? {
        let before = diagnostics.errorCount
        reader.requireAll(of: DeviceKeys.layer)
        let accounts = Accounts(reader)
        let services = ServiceSet(
            reader.list("services"), files: loader.services, accounts: accounts, architecture: .arm64)
        let machine = machine()
        let storage = storage()
        let files = files(accounts)
        let health = health(services)
        let shutdownBudget = reader.milliseconds("shutdown-budget") ?? 8_000
        let watchdog = reader.milliseconds("watchdog") ?? 0
        ServiceLint(
            services: services, health: reader.map("health").list("services"),
            shutdownBudgetMilliseconds: shutdownBudget, processors: reader.map("machine").integer("cpus")
        ).check()
        let packagePolicy = InstallPolicy(reader.map("package-policy"), variant: variant)
        let checks = CheckReader(services: services, diagnostics: diagnostics).read(reader.node["checks"])
        guard diagnostics.errorCount == before, let machine, let storage,
            let kernelPackage = reader.map("kernel").located("package")
        else { return nil }
        let base = reader.map("base")
        let kernel = reader.map("kernel")
        var device = Device(
            name: name, model: reader.text("model") ?? name, variant: variant,
            architecture: reader.text("arch") ?? "arm64",
            base: .init(
                suite: base.text("suite") ?? "",
                components: base.has("components") ? base.texts("components") : ["main"]),
            kernel: .init(
                package: kernelPackage, earlyModules: kernel.map("modules").list("early"),
                lateModules: kernel.map("modules").list("late"), commandLine: kernel.texts("command-line")),
            machine: machine, storage: storage, packages: reader.list("packages"), files: files,
            services: services.sources, users: accounts.users, groups: accounts.groups,
            locale: reader.text("locale") ?? "C.UTF-8", timeServers: reader.map("time").texts("servers"),
            health: health, checks: checks, rollbackIndex: UInt64(reader.integer("rollback-index") ?? 0),
            signingKey: reader.located("signing-key"), inputs: loader.inputs.sorted(), file: file)
        device.shutdownBudgetMilliseconds = shutdownBudget
        device.machineWatchdogMilliseconds = watchdog
        (device.exposures, device.packagePolicy) = (services.exposures, packagePolicy)
        return device
    }

    private func machine() -> Device.Machine? {
        let machine = reader.map("machine")
        guard let memory = machine.bytes("memory"), let cpu = machine.text("cpu"),
            let cpus = machine.integer("cpus"), let display = machine.text("display")
        else { return nil }
        checkMultiple(memory, "memory", in: machine, minimum: 64 << 20)
        let sides = display.split(separator: "x").compactMap { Int($0) }
        return .init(
            cpu: cpu, cpus: cpus, memoryMebibytes: Int(memory >> 20),
            display: .init(width: sides[0], height: sides[1]))
    }

    /// What a partition cannot be smaller than, whatever it holds.
    private static let smallest: [(String, UInt64)] = [
        ("esp", 1 << 20),
        // The kernel alone is larger than 16 MiB.
        ("boot", 16 << 20),
        // The C library and init already need more than 4 MiB.
        ("system", 4 << 20),
        ("misc", 1 << 20),
        // An ext4 with a journal and room for a log.
        ("data", 32 << 20),
    ]

    private func storage() -> Device.Storage? {
        let storage = reader.map("storage")
        var sizes: [String: UInt64] = [:]
        var locations: [String: SourceLocation] = [:]
        for (name, smallest) in Self.smallest {
            guard let bytes = storage.bytes(name) else { continue }
            checkMultiple(bytes, name, in: storage, minimum: smallest)
            sizes[name] = bytes
            locations[name] = storage.location(name)
        }
        guard let esp = sizes["esp"], let boot = sizes["boot"], let system = sizes["system"],
            let misc = sizes["misc"], let data = sizes["data"]
        else { return nil }
        return .init(
            espBytes: esp, bootBytes: boot, systemBytes: system, miscBytes: misc, dataBytes: data,
            systemCompression: storage.text("compression").flatMap { .init(rawValue: $0) } ?? .none,
            locations: locations)
    }

    private func checkMultiple(_ bytes: UInt64, _ key: String, in reader: NodeReader, minimum: UInt64) {
        let written = reader.text(key) ?? ""
        if bytes % (1 << 20) != 0 {
            let next = (bytes >> 20) + 1
            diagnostics.add(
                "\(key) is not a multiple of 1 MiB: \(written)", at: reader.location(key),
                expected: "whole MiB", suggestion: "\(next) MiB")
        } else if bytes < minimum {
            diagnostics.add(
                "\(key) is too small: \(written)", at: reader.location(key),
                expected: "at least \(minimum >> 20) MiB")
        } else if bytes > 1 << 44 {
            diagnostics.add(
                "\(key) is too large: \(written)", at: reader.location(key), expected: "at most 16384 GiB")
        }
    }

    private func files(_ accounts: Accounts) -> Device.FileRules {
        let files = reader.map("files")
        let copies = (files.node["copy"]?.items ?? []).compactMap { item -> Device.FileRules.Copy? in
            let copy = NodeReader(node: item, diagnostics: diagnostics)
            guard let from = copy.located("from"), let to = copy.text("to") else { return nil }
            let source = DeviceRepository.absolute(
                from.value, in: DeviceLoader.folder(of: from.location.file))
            loader.requireFile(source, named: from)
            accounts.requireUser(copy.located("user"))
            accounts.requireGroup(copy.located("group"))
            return .init(
                source: Located(source, at: from.location), destination: to,
                mode: copy.text("mode").flatMap(Quantity.mode), user: copy.text("user") ?? "root",
                group: copy.text("group") ?? "root")
        }
        return .init(exclude: files.texts("exclude"), keep: files.texts("keep"), copies: copies)
    }

    private func health(_ services: ServiceSet) -> BootPlan.Health {
        BootPlan.Health(reader.map("health"), services: services)
    }
}
