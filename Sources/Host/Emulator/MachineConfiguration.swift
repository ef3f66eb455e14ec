import DeviceSpec
import Foundation

/// The machine that QEMU is asked for.
public struct MachineConfiguration: Sendable {
    public var cpu: String
    public var cpus: Int
    public var memoryMebibytes: Int
    /// nil: no display at all.
    public var display: Display?
    /// Raw, writable.
    public var disk: String
    public var hasNetwork = true
    /// An i6300esb, which resets the machine unless it is fed.
    public var hasWatchdog = false
    /// Host port on 127.0.0.1 → guest port.
    public var forwards: [(host: UInt16, guest: UInt16)] = []
    /// Files of this machine that the guest can read, each under a name (QEMU's fw_cfg; below `opt/`).
    public var lentFiles: [(name: String, path: String)] = []
    /// A window on the person's desktop.
    public var showsWindow = false
    /// One instruction per guest nanosecond, on one processor, without randomness: boot cost is then a
    /// number that two runs agree on. Idle time counts as well, as long as it really takes (`sleep=on`): QEMU
    /// would otherwise jump to the guest's next timer whenever it waits for the disk, seconds ahead.
    public var countsInstructions = false
    /// A second control channel, for other programs of this user: the path of its socket.
    public var controlSocket: String?
    /// Records every write and flush of the disk in this file (`WriteLog`); each start begins it anew.
    public var writeLog: String?
    /// The person's own options, last so that they win.
    public var extraArguments: [String] = []

    public typealias Display = Device.Machine.Display

    public init(cpu: String, cpus: Int, memoryMebibytes: Int, display: Display?, disk: String) {
        self.cpu = cpu
        self.cpus = cpus
        self.memoryMebibytes = memoryMebibytes
        self.display = display
        self.disk = disk
    }

    public init(_ device: Device, disk: String) {
        let machine = device.machine
        self.init(
            cpu: machine.cpu, cpus: machine.cpus, memoryMebibytes: machine.memoryMebibytes,
            display: machine.display, disk: disk)
        hasWatchdog = device.machineWatchdogMilliseconds > 0
    }
}

extension MachineConfiguration {
    /// Whether a window can be shown: there is a desktop, and QEMU's window module (package
    /// qemu-system-gui), which `qemu-system-aarch64 -display help` lists even where it is not installed.
    public static func canShowWindow(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        let hasDesktop = ["DISPLAY", "WAYLAND_DISPLAY"].contains { !(environment[$0] ?? "").isEmpty }
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        return hasDesktop && folders.contains { access("/usr/lib/\($0)/qemu/ui-gtk.so", R_OK) == 0 }
    }
}

/// What the loader hands to QEMU: the handset's firmware would jump into it.
public struct LoadedKernel: Sendable, Equatable {
    public let kernel: String
    public let initramfs: String
    public let commandLine: String

    public init(kernel: String, initramfs: String, commandLine: String) {
        self.kernel = kernel
        self.initramfs = initramfs
        self.commandLine = commandLine
    }
}

extension MachineConfiguration {
    /// Descriptors that QEMU inherits: its end of a socket pair each. No path, so nobody else can connect.
    enum Channel: Int32, CaseIterable {
        case control = 3
        case console = 4
        case events = 5

        var name: String {
            switch self {
            case .control: "control"
            case .console: "console"
            case .events: "events"
            }
        }
    }

    /// Everything after `qemu-system-aarch64`.
    func arguments(starting kernel: LoadedKernel) -> [String] {
        var arguments = machineArguments
        arguments += [
            "-kernel", kernel.kernel, "-initrd", kernel.initramfs, "-append", kernel.commandLine,
        ]
        for channel in Channel.allCases {
            arguments += ["-chardev", "socket,id=\(channel.name),fd=\(channel.rawValue)"]
        }
        arguments += [
            "-mon", "chardev=control,mode=control", "-serial", "chardev:console", "-device",
            "virtio-serial-pci", "-device", "virtserialport,chardev=events,name=amos.events",
        ]
        if let controlSocket {
            arguments += [
                "-chardev", "socket,id=visitors,path=\(quoted(controlSocket)),server=on,wait=off", "-mon",
                "chardev=visitors,mode=control",
            ]
        }
        if hasWatchdog { arguments += ["-device", "i6300esb"] }
        arguments += diskArguments + displayArguments + networkArguments + lentFileArguments
        return arguments + extraArguments
    }

    private var machineArguments: [String] {
        let randomness = countsInstructions ? ",dtb-randomness=off" : ""
        var arguments = [
            "-nodefaults", "-no-user-config", "-no-reboot", "-S", "-M", "virt,gic-version=3\(randomness)",
            "-cpu",
            cpu, "-m", "\(memoryMebibytes)M",
        ]
        if countsInstructions {
            arguments += ["-smp", "1", "-icount", "shift=0,sleep=on"]
        } else {
            // MTTCG is what makes two processors faster than one; QEMU does not choose it for every host.
            arguments += ["-smp", "\(cpus)", "-accel", "tcg,thread=multi"]
        }
        return arguments
    }

    /// A comma in a file name is doubled for QEMU's option parser.
    private func quoted(_ path: String) -> String { path.replacing(",", with: ",,") }

    private var lentFileArguments: [String] {
        lentFiles.flatMap { ["-fw_cfg", "name=\($0.name),file=\(quoted($0.path))"] }
    }

    private var diskArguments: [String] {
        // Counted boots do not flush: the processor would wait for this machine's disk, and idle time counts.
        let caching = "cache.direct=off" + (countsInstructions ? ",cache.no-flush=on" : "")
        var arguments = ["-blockdev", "driver=file,node-name=file,filename=\(quoted(disk)),\(caching)"]
        if let writeLog {
            arguments += [
                "-blockdev", "driver=raw,node-name=base,file=file", "-blockdev",
                "driver=file,node-name=log,filename=\(quoted(writeLog))", "-blockdev",
                "driver=blklogwrites,node-name=disk,file=base,log=log,log-sector-size=512",
            ]
        } else {
            arguments += ["-blockdev", "driver=raw,node-name=disk,file=file"]
        }
        return arguments + ["-device", "virtio-blk-pci,drive=disk,write-cache=on"]
    }

    private var displayArguments: [String] {
        guard let display else { return ["-display", "none"] }
        let size = "xres=\(display.width),yres=\(display.height)"
        return ["-device", "virtio-gpu-pci,\(size)", "-display", showsWindow ? "gtk" : "none"]
            + (showsWindow ? ["-device", "virtio-tablet-pci", "-device", "virtio-keyboard-pci"] : [])
    }

    private var networkArguments: [String] {
        guard hasNetwork else { return ["-nic", "none"] }
        let forwards = forwards.map { ",hostfwd=tcp:127.0.0.1:\($0.host)-:\($0.guest)" }.joined()
        return [
            "-netdev", "user,id=network\(forwards)", "-device", "virtio-net-pci,netdev=network,romfile=",
        ]
    }
}
