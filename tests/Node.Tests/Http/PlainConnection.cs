using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Tests.Http;

/// <summary>The connection between nodes without certificates and without a secret.</summary>
internal static class PlainConnection
{
    public static LeaderConnection Create()
    {
        var settings = new RaftStreamOptions { Data = "unused" }.ToSettings();
        return new(new(settings, TimeProvider.System, NullLogger<RaftStream.Hosting.Security.ClientCertificates>.Instance), new(settings, TimeProvider.System, NullLogger<RaftStream.Hosting.Security.NodeSecret>.Instance));
    }
}
