using RaftStream.Hosting.Http;
using RaftStream.Hosting.Streams;

namespace RaftStream.Hosting;

/// <summary>Serves the replica of this host over HTTP.</summary>
public static class RaftStreamRoutes
{
    /// <summary>
    /// Adds the endpoints of a node below <c>/v1</c>, and <c>/healthz</c>, <c>/readyz</c> and <c>/openapi.json</c>, unless the host has one of its own there: the same that the program <c>raftstream</c> serves, to which other nodes pass on
    /// what only this one can answer. Who may ask them is told by
    /// <see cref="RaftStreamOptions.TokensFile"/> and <see cref="RaftStreamOptions.ClientTls"/>, except the health checks and the description, which everybody may; what the host wants beyond that is added to what this returns.
    /// </summary>
    /// <exception cref="ArgumentNullException"><paramref name="routes"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The host has no replica.</exception>
    public static RouteGroupBuilder MapRaftStream(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var paths = routes.ServiceProvider.GetService<OwnPaths>() ?? throw new InvalidOperationException("This host has no replica whose endpoints could be mapped: call services.AddRaftStream first.");
        paths.AreMapped = true;
        var group = routes.MapGroup("");
        CounterEndpoints.Map(group);
        RangeEndpoints.Map(group);
        WatchEndpoints.Map(group);
        WriteEndpoints.Map(group);
        BatchEndpoint.Map(group);
        JobEndpoints.Map(group);
        StreamEndpoints.Map(group);
        StreamCommandEndpoint.Map(group);
        StreamIngestEndpoint.Map(group);
        StreamSinkEndpoint.Map(group);
        StreamFiguresEndpoint.Map(group);
        StatusEndpoints.Map(group);
        MemberEndpoints.Map(group);
        SessionEndpoints.Map(group);
        BackupEndpoints.Map(group);
        OpenApiEndpoint.Map(group);
        group.WithMetadata(OwnEndpoint.Mark);
        ((IEndpointConventionBuilder)group).Finally(static endpoint =>
        {
            // The last one put in front is asked first.
            RequestLimits.Guard(endpoint);
            AccessGuard.Guard(endpoint);
        });
        return group;
    }
}
