import LinuxSystem
import Services
import Wire

/// What starts services that are at rest: the supervisor says when a service's triggers are to be watched
/// (`arm`) and when no longer (`disarm`).
///
/// A socket, a device and a path that `exists` or is `directoryNotEmpty` are states: who is armed while they
/// hold is triggered at once. `changed` and timers are events: what happens while the service runs anyway is
/// over. How often a service may be triggered is the supervisor's to say.
extension Supervision {
    /// An answer if there is no need to wait.
    func arm(_ service: Int) -> Supervisor.Event? {
        let activation = supervisor.plan.services[service].activation
        resources[service].isArmed = true
        var isDue = false
        if activation.onSocket { isDue = !armSockets(service) }
        if !activation.devices.isEmpty { isDue = isDue || armDevices(activation.devices) }
        if !activation.paths.isEmpty { isDue = armPaths(service, activation.paths) || isDue }
        return isDue ? .triggered(service: service) : nil
    }

    func disarm(_ service: Int) {
        guard resources[service].isArmed else { return }
        resources[service].isArmed = false
        for socket in resources[service].sockets { epoll.remove(socket.held.descriptor) }
        pathWatcher?.forget(service)
    }

    /// False: a socket is missing. Then the service is started, which fails for this reason, visibly, and its
    /// restart policy says when that is tried again.
    private func armSockets(_ service: Int) -> Bool {
        do throws(SystemCallError) {
            try makeSockets(of: service)
            for socket in resources[service].sockets {
                try epoll.add(socket.held.descriptor, tag: Self.tag(.socket, service))
            }
            return true
        } catch {
            Log.say(.error, supervisor.plan.services[service].name + ": " + error.description)
            return false
        }
    }

    /// Something waits at a socket of this service.
    func takeSocket(_ service: Int) {
        guard resources.indices.contains(service), resources[service].isArmed else { return }
        // Whatever becomes of it: the socket stays readable until the service reads, and PID 1 would be told
        // without end.
        for socket in resources[service].sockets { epoll.remove(socket.held.descriptor) }
        handle(.triggered(service: service))
    }

    /// After a reload: what is watched stands under the services' new numbers. Resources have theirs already.
    func renumberTriggers(former: [Int32]) {
        let armed = resources.indices.filter { resources[$0].isArmed }
        for service in armed { disarm(service) }
        pathWatcher = nil
        makeSockets()
        prepareTimers(former: former)
        for service in armed where arm(service) != nil { triggeredByReload.append(service) }
    }

    // MARK: Devices

    /// Whether one of them is there.
    private func armDevices(_ devices: [String]) -> Bool {
        watchDevices()
        for device in devices where Self.isPresent(device) { return true }
        return false
    }

    /// Before looking what is there, so that nothing can appear unseen in between.
    func watchDevices() {
        guard deviceEvents == nil else { return }
        do throws(SystemCallError) {
            let events = DeviceWatcher(try DeviceEvents())
            try epoll.add(events.source.descriptor, tag: Self.tag(.device, 0))
            deviceEvents = events
        } catch {
            Log.say(.error, error.description + "; devices that appear later start nothing")
        }
    }

    private static func isPresent(_ device: String) -> Bool {
        guard let subsystem = subsystem(in: device) else { return Directory.exists(device) }
        return !Directory.isEmpty("/sys/class/" + subsystem)
            || !Directory.isEmpty("/sys/bus/" + subsystem + "/devices")
    }

    /// `subsystem:NAME`
    private static func subsystem(in device: String) -> String? {
        let prefix = "subsystem:"
        guard device.utf8.starts(with: prefix.utf8) else { return nil }
        return String(decoding: Array(device.utf8)[prefix.utf8.count...], as: UTF8.self)
    }

    func takeDeviceEvents() {
        guard let deviceEvents else { return }
        for _ in 0..<Self.packetLimit {
            guard let event = deviceEvents.source.next() else { return }
            switch event {
            case .other: break
            case .appeared(let subsystem, let node):
                triggerArmed { Self.isNamed($0, subsystem, node) }
                if options.isSystem, subsystem.elementsEqual("input".utf8) { findPowerKeys() }
            case .lost:
                triggerArmed(Self.isPresent)
                if options.isSystem { findPowerKeys() }
            }
        }
    }

    private static func isNamed(_ device: String, _ subsystem: [UInt8], _ node: [UInt8]) -> Bool {
        if let wanted = Self.subsystem(in: device) { return wanted.utf8.elementsEqual(subsystem) }
        return !node.isEmpty && device.utf8.elementsEqual(Array("/dev/".utf8) + node)
    }

    private func triggerArmed(_ isWanted: (String) -> Bool) {
        var triggered: [Int] = []
        for service in resources.indices where resources[service].isArmed {
            let devices = supervisor.plan.services[service].activation.devices
            if devices.contains(where: isWanted) { triggered.append(service) }
        }
        for service in triggered { handle(.triggered(service: service)) }
    }

    // MARK: Paths

    /// Whether one of them is as it shall be.
    private func armPaths(_ service: Int, _ triggers: [PathTrigger]) -> Bool {
        do throws(SystemCallError) {
            if pathWatcher == nil {
                let watcher = try PathWatcher()
                try epoll.add(watcher.watch.descriptor, tag: Self.tag(.path, 0))
                pathWatcher = watcher
            }
            return pathWatcher?.watch(triggers, for: service) ?? false
        } catch {
            Log.say(.error, supervisor.plan.services[service].name + ": " + error.description)
            return false
        }
    }

    func takePathEvents() {
        guard let pathWatcher else { return }
        for service in pathWatcher.takeTriggered() { handle(.triggered(service: service)) }
    }
}

/// The kernel's device events, while any service waits for one.
final class DeviceWatcher {
    let source: DeviceEvents

    init(_ source: consuming DeviceEvents) { self.source = source }
}
