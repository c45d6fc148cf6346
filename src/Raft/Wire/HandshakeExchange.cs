namespace RaftStream.Raft.Wire;

/// <summary>How an exchange of greetings ended.</summary>
/// <param name="Refusal">Why there is no connection, or none.</param>
/// <param name="ByPeer">Whether the other side refused.</param>
/// <param name="Peer">What the other side said; its fields are set only as far as they could be read.</param>
internal readonly record struct HandshakeResult(HandshakeRefusal Refusal, bool ByPeer, Handshake Peer)
{
    /// <summary>Whether frames may follow.</summary>
    public bool Accepted => Refusal == HandshakeRefusal.None;
}

/// <summary>
/// The two sides of a handshake over a connection. Dialler: greet, await the answer, judge it. Acceptor: await the greeting, judge it,
/// answer. Reads not a byte beyond the greeting. The caller limits the time and closes the connection unless it was accepted.
/// </summary>
internal static class HandshakeExchange
{
    /// <summary>The first byte of a TLS record that opens a connection.</summary>
    private const byte TlsHandshakeRecord = 0x16;

    /// <summary>The second byte of it, in every version of TLS.</summary>
    private const byte TlsMajorVersion = 3;

    /// <summary>Greets <paramref name="peer"/> and awaits its answer.</summary>
    /// <exception cref="IOException">The connection broke or ended.</exception>
    /// <exception cref="OperationCanceledException">The caller's time is up.</exception>
    public static async Task<HandshakeResult> DialAsync(
        SecuredStream connection, HandshakeIdentity own, NodeId peer, Lane lane, CancellationToken cancellationToken)
    {
        await SendAsync(connection.Stream, Handshake.Greeting(own, peer, lane), cancellationToken);
        var (fault, answer, _) = await ReceiveAsync(connection.Stream, cancellationToken);
        if (fault != HandshakeRefusal.None)
            return new(fault, ByPeer: false, answer);
        if (answer.Refusal != HandshakeRefusal.None)
            return new(answer.Refusal, ByPeer: true, answer);
        var refusal = answer.Judge(own, connection.Names(answer.From));
        if (refusal == HandshakeRefusal.None && answer.From != peer)
            refusal = HandshakeRefusal.WrongTarget;
        if (refusal == HandshakeRefusal.None && answer.Lane != lane)
            refusal = HandshakeRefusal.Garbage;
        return new(refusal, ByPeer: false, answer);
    }

    /// <summary>Awaits a greeting and answers it: with why not, if it is refused and comes from a program that speaks this protocol.</summary>
    /// <exception cref="IOException">The connection broke or ended.</exception>
    /// <exception cref="OperationCanceledException">The caller's time is up.</exception>
    public static async Task<HandshakeResult> AcceptAsync(
        SecuredStream connection, HandshakeIdentity own, PeerBook peers, CancellationToken cancellationToken)
    {
        var (refusal, greeting, isOurs) = await ReceiveAsync(connection.Stream, cancellationToken);
        if (refusal == HandshakeRefusal.None)
            refusal = greeting.Judge(own, connection.Names(greeting.From));
        if (refusal == HandshakeRefusal.None)
            refusal = peers.Admit(greeting);
        if (refusal == HandshakeRefusal.None)
            await SendAsync(connection.Stream, Handshake.Greeting(own, greeting.From, greeting.Lane), cancellationToken);
        else if (isOurs)
            await SendAsync(connection.Stream, Handshake.Refusing(own, greeting.From, greeting.Lane, refusal), cancellationToken);
        return new(refusal, ByPeer: false, greeting);
    }

    /// <summary>Awaits a greeting that came without TLS where TLS is due, and tells it so, without TLS, or its sender could not read it.</summary>
    /// <exception cref="IOException">The connection broke or ended.</exception>
    /// <exception cref="OperationCanceledException">The caller's time is up.</exception>
    public static async Task<HandshakeResult> RefusePlainAsync(Stream stream, HandshakeIdentity own, CancellationToken cancellationToken)
    {
        var (fault, greeting, isOurs) = await ReceiveAsync(stream, cancellationToken);
        var refusal = isOurs ? HandshakeRefusal.TlsRequired : fault;
        if (isOurs)
            await SendAsync(stream, Handshake.Refusing(own, greeting.From, greeting.Lane, refusal), cancellationToken);
        return new(refusal, ByPeer: false, greeting);
    }

    private static async Task SendAsync(Stream stream, Handshake greeting, CancellationToken cancellationToken)
    {
        var bytes = new byte[Handshake.LargestSize];
        var size = greeting.Write(bytes);
        await stream.WriteAsync(bytes.AsMemory(0, size), cancellationToken);
    }

    /// <summary>The greeting, or why it is none; and whether the other side speaks this protocol at all, so that an answer makes sense to it.</summary>
    private static async Task<(HandshakeRefusal Fault, Handshake Greeting, bool IsOurs)> ReceiveAsync(Stream stream, CancellationToken cancellationToken)
    {
        var bytes = new byte[Handshake.LargestForeignSize];
        await stream.ReadExactlyAsync(bytes.AsMemory(0, Handshake.PrefixSize), cancellationToken);
        if (!Handshake.TryReadPrefix(bytes.AsSpan(0, Handshake.PrefixSize), out var version, out var size))
        {
            var isTls = bytes[0] == TlsHandshakeRecord && bytes[1] == TlsMajorVersion;
            return (isTls ? HandshakeRefusal.TlsUnexpected : HandshakeRefusal.Garbage, default, IsOurs: false);
        }

        // Read to its end even if it will be refused: closing a socket with unread bytes resets the connection, and a reset can
        // overtake the answer that says why.
        await stream.ReadExactlyAsync(bytes.AsMemory(Handshake.PrefixSize, size - Handshake.PrefixSize), cancellationToken);
        if (version != Handshake.CurrentVersion)
            return (HandshakeRefusal.UnsupportedVersion, new Handshake { Version = version }, IsOurs: true);
        return Handshake.TryRead(bytes.AsSpan(0, size), out var greeting)
            ? (HandshakeRefusal.None, greeting, IsOurs: true)
            : (HandshakeRefusal.Garbage, default, IsOurs: true);
    }
}
