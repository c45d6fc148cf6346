using RaftStream.Hosting.Http;

namespace RaftStream.Hosting;

/// <summary>Serves the replica of this host over HTTP.</summary>
public static class RaftStreamRoutes
{
    /// <summary>
    /// Adds the endpoints of a node below <c>/v1</c>, and <c>/healthz</c>, <c>/readyz</c> and <c>/openapi.json</c>, unless the host has one of its own there: the same that the program <c>raftstream</c> serves, to which other nodes pass on
    /// what only this one can answer. They have no authorization of their own: add it to what this returns.
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
        JobEndpoints.Map(group);
        StatusEndpoints.Map(group);
        MemberEndpoints.Map(group);
        SessionEndpoints.Map(group);
        BackupEndpoints.Map(group);
        OpenApiEndpoint.Map(group);
        group.WithMetadata(OwnEndpoint.Mark);
        ((IEndpointConventionBuilder)group).Finally(RequestLimits.Guard);
        return group;
    }
}
