using System.Net.Sockets;

namespace RaftStream.Hosting.Http;

/// <summary>
/// Tells a connection that is gone the moment it came about as the connection error that it is: the handler below asks a new connection for its remote end, outside of
/// what it turns into its own exceptions. Nothing was sent on it.
/// </summary>
internal sealed class ConnectionErrors : DelegatingHandler
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException gone)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, gone.Message, gone);
        }
    }
}
