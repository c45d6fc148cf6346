using System.Net.Security;

namespace RaftStream.Hosting.Http;

/// <summary>Makes the HTTP clients of this program, all alike.</summary>
internal static class HttpClients
{
    /// <summary>
    /// A client without proxies, redirects and cookies, and without a time limit of its own: each call brings its own.
    /// </summary>
    /// <param name="tls">How to judge servers, and what to show them; null for what the machine trusts.</param>
    public static HttpClient Create(SslClientAuthenticationOptions? tls = null)
    {
        // Owned by the client, which disposes it.
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            ActivityHeadersPropagator = null,
            SslOptions = tls ?? new(),
        };
        return new HttpClient(new ConnectionErrors { InnerHandler = handler }, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>
    /// The address of a path on a node, byte for byte: <see cref="Uri"/> would otherwise turn the key <c>%2E%2E</c> into a step up.
    /// </summary>
    public static Uri Target(string node, string pathAndQuery) =>
        new(node + pathAndQuery, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    /// <summary>
    /// Whether a request that was given up certainly never reached the other side: the machine there did not answer within the time to connect, as behind
    /// a partition. Our clients have no other limit of their own.
    /// </summary>
    public static bool NeverSent(OperationCanceledException exception) => exception.InnerException is TimeoutException;

    /// <summary>Whether a failed request certainly never reached the other side: no connection came about.</summary>
    public static bool NeverSent(HttpRequestException exception) =>
        exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError;
}
