import DeviceSpec
import Services

extension BootPlan {
    /// What PID 1 of this device does.
    /// - Parameter lateModules: paths in the image, dependencies first.
    init(_ device: Device, lateModules: [String]) {
        self.init(
            hostname: device.name,
            services: device.services.map { Self.completed($0.definition, for: device) }
                .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) },
            lateModules: lateModules, health: device.health)
        shutdownBudgetMilliseconds = device.shutdownBudgetMilliseconds
        machineWatchdogMilliseconds = device.machineWatchdogMilliseconds
    }

    /// `time.servers` of the device become arguments of the program that asks them; only a `dev` image lets
    /// the kernel command line name others.
    private static func completed(_ service: ServiceDefinition, for device: Device) -> ServiceDefinition {
        guard service.program == "/usr/libexec/amos/amos-clockd" else { return service }
        var service = service
        if device.variant == .dev { service.arguments.append("--allow-command-line") }
        service.arguments += device.timeServers
        return service
    }
}
