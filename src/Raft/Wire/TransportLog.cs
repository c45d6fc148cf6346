using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// What the transport tells the operator: one sentence an event. The control lane speaks for its peer; the other lanes, which share
/// its fate, are heard at debug level only.
/// </summary>
internal static partial class TransportLog
{
    [LoggerMessage(100, LogLevel.Information, "Node {Node} listens for its peers at {Address}.")]
    public static partial void Listening(this ILogger logger, NodeId node, string address);

    [LoggerMessage(EventId = 101, Message = "Node {Node} is connected to node {Peer} at {Address} on the {Lane} lane.")]
    public static partial void Connected(this ILogger logger, LogLevel level, NodeId node, NodeId peer, string address, Lane lane);

    [LoggerMessage(EventId = 102, Message = "Node {Node} lost its connection to node {Peer} at {Address} on the {Lane} lane: {Reason}.")]
    public static partial void Lost(this ILogger logger, LogLevel level, NodeId node, NodeId peer, string address, Lane lane, string reason);

    [LoggerMessage(EventId = 103, Message = "Node {Node} cannot reach node {Peer} at {Address} on the {Lane} lane: {Reason}; it keeps trying.")]
    public static partial void Unreachable(this ILogger logger, LogLevel level, NodeId node, NodeId peer, string address, Lane lane, string reason);

    [LoggerMessage(EventId = 104, Message = "Node {Peer} at {Address} refused node {Node} on the {Lane} lane: {Reason}.")]
    public static partial void RefusedByPeer(this ILogger logger, LogLevel level, NodeId node, NodeId peer, string address, Lane lane, string reason);

    [LoggerMessage(EventId = 105, Message = "Node {Node} refused what answered for node {Peer} at {Address} on the {Lane} lane: {Reason}.")]
    public static partial void AnswerRefused(this ILogger logger, LogLevel level, NodeId node, NodeId peer, string address, Lane lane, string reason);

    [LoggerMessage(106, LogLevel.Warning, "Node {Node} refused a connection from {Remote}, which says that it is node {Peer}: {Reason}; {Unsaid} like it were not logged since the last one.")]
    public static partial void Refused(this ILogger logger, NodeId node, string remote, NodeId peer, string reason, long unsaid);

    [LoggerMessage(107, LogLevel.Information, "Node {Node} accepted node {Peer} from {Remote} on the {Lane} lane, process {Process:x16}.")]
    public static partial void Accepted(this ILogger logger, NodeId node, NodeId peer, string remote, Lane lane, ulong process);

    [LoggerMessage(108, LogLevel.Warning, "Node {Node} closed the connection from node {Peer} at {Remote} on the {Lane} lane: {Reason}.")]
    public static partial void BrokenFrame(this ILogger logger, NodeId node, NodeId peer, string remote, Lane lane, string reason);

    [LoggerMessage(109, LogLevel.Debug, "The connection to node {Node} from node {Peer} at {Remote} on the {Lane} lane ended: {Reason}.")]
    public static partial void IncomingEnded(this ILogger logger, NodeId node, NodeId peer, string remote, Lane lane, string reason);

    [LoggerMessage(110, LogLevel.Debug, "A connection from {Remote} to node {Node} ended before its handshake: {Reason}.")]
    public static partial void HandshakeEnded(this ILogger logger, NodeId node, string remote, string reason);

    [LoggerMessage(111, LogLevel.Error, "Node {Node} cannot accept connections: {Reason}; it keeps trying.")]
    public static partial void AcceptFailed(this ILogger logger, NodeId node, string reason);

    [LoggerMessage(112, LogLevel.Critical, "A connection of node {Node} with {Remote} was closed by a fault of this program.")]
    public static partial void OwnFault(this ILogger logger, NodeId node, string remote, Exception exception);

    [LoggerMessage(113, LogLevel.Information, "Node {Node} took new certificates from {File}, good until {Until:u}; new connections use them.")]
    public static partial void CertificateRotated(this ILogger logger, NodeId node, string file, DateTime until);

    [LoggerMessage(114, LogLevel.Error, "Node {Node} keeps its old certificate. {Problem}")]
    public static partial void CertificateKept(this ILogger logger, NodeId node, string problem);

    [LoggerMessage(115, LogLevel.Information, "Node {Node} hears from node {Guest}, which is not in its list of members, and answers it at {Address}.")]
    public static partial void GuestCame(this ILogger logger, NodeId node, NodeId guest, string address);

    [LoggerMessage(116, LogLevel.Information, "Node {Node} forgot node {Guest}, which is not in its list of members.")]
    public static partial void GuestLeft(this ILogger logger, NodeId node, NodeId guest);

    [LoggerMessage(117, LogLevel.Error, "Node {Node} cannot dial node {Peer}, whose address in the list of members is none: give it host and port.")]
    public static partial void NoAddress(this ILogger logger, NodeId node, NodeId peer);

    [LoggerMessage(118, LogLevel.Warning, "Node {Node} refused a connection from {Remote}: {Reason}; {Unsaid} like it were not logged since the last one.")]
    public static partial void RefusedUnknown(this ILogger logger, NodeId node, string remote, string reason, long unsaid);

    [LoggerMessage(119, LogLevel.Error, "The certificate of node {Node} in {File} was good until {Until:u}: its peers refuse new connections until there is a new one in the file.")]
    public static partial void CertificateExpired(this ILogger logger, NodeId node, string file, DateTime until);
}
