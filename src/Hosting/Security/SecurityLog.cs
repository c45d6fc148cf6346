namespace RaftStream.Hosting.Security;

/// <summary>What the ports for clients tell the operator: one sentence an event, and nothing of a token, a secret or a key.</summary>
internal static partial class SecurityLog
{
    [LoggerMessage(600, LogLevel.Information, "Node {Node} shows clients the certificate in {File} from now on, good until {Until:u}.")]
    public static partial void CertificateReplaced(this ILogger logger, NodeId node, string file, DateTime until);

    [LoggerMessage(601, LogLevel.Warning, "Node {Node} keeps the certificate that it shows to clients: {Problem}")]
    public static partial void CertificateNotReplaced(this ILogger logger, NodeId node, string problem);

    [LoggerMessage(602, LogLevel.Information, "Node {Node} has read {File} again: {Count} tokens.")]
    public static partial void TokensReplaced(this ILogger logger, NodeId node, string file, int count);

    [LoggerMessage(603, LogLevel.Warning, "Node {Node} keeps the tokens that it knows: {Problem}")]
    public static partial void TokensNotReplaced(this ILogger logger, NodeId node, string problem);

    [LoggerMessage(604, LogLevel.Information, "Node {Node} has read the nodes' secret in {File} again.")]
    public static partial void SecretReplaced(this ILogger logger, NodeId node, string file);

    [LoggerMessage(605, LogLevel.Warning, "Node {Node} keeps the nodes' secret that it knows: {Problem}")]
    public static partial void SecretNotReplaced(this ILogger logger, NodeId node, string problem);

    [LoggerMessage(606, LogLevel.Warning, "Node {Node} opens its port for clients at {Address} to everybody who can reach it, {Lack}: --insecure-clients asks for that.")]
    public static partial void Insecure(this ILogger logger, NodeId node, string address, string lack);
}
