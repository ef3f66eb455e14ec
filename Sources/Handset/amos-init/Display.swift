import LinuxSystem

/// What the handset's display shows until there is a home screen: the kernel's text console, with who this is
/// and how the boot went.
enum Display {
    /// The first virtual terminal. What is written to it before a display driver is there is shown once one
    /// is.
    private static let terminal = "/dev/tty1"

    /// Clear, go home, hide the cursor, keep the terminal from going blank after ten minutes
    /// (console_codes(4)).
    private static let prelude = "\u{1b}[2J\u{1b}[H\u{1b}[?25l\u{1b}[9;0]"

    private static let logo = [
        #"      _                         "#,
        #"     / \   _ __ ___   ___  ___  "#,
        #"    / _ \ | '_ ` _ \ / _ \/ __| "#,
        #"   / ___ \| | | | | | (_) \__ \ "#,
        #"  /_/   \_\_| |_| |_|\___/|___/ "#,
    ]

    /// A handset without a display is as good as one with it.
    static func show(hostname: String, slot: String, state: String) {
        guard let descriptor = try? FileDescriptor.open(terminal, [.writeOnly, .nonBlocking]) else { return }
        var text = prelude + "\r\n\r\n"
        for line in logo { text += "\u{1b}[1;36m" + line + "\u{1b}[0m\r\n" }
        text += "\r\n   " + hostname + ", slot " + slot + "\r\n"
        text += "   \u{1b}[32m" + state + "\u{1b}[0m\r\n"
        try? descriptor.write(Array(text.utf8))
    }
}
