import DeviceSpec
import Services

extension BootPlan {
    /// What PID 1 of this device does.
    /// - Parameter lateModules: paths in the image, dependencies first.
    init(_ device: Device, lateModules: [String]) {
        self.init(
            hostname: device.name, isDebuggable: device.variant == .dev,
            services: device.services.map(\.definition).sorted { $0.name < $1.name },
            lateModules: lateModules, health: device.health)
    }
}
