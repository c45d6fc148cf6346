using Microsoft.AspNetCore.Hosting;

namespace RaftStream.Hosting.Http;

/// <summary>Which paths of the host are the node's. Owned by the host.</summary>
/// <param name="isAll">All, as in the program; else those of its endpoints.</param>
internal sealed class OwnPaths(bool isAll)
{
    /// <summary>Whether all are.</summary>
    public bool IsAll => isAll;

    /// <summary>Whether its endpoints are there at all: set once, before the host starts.</summary>
    public bool AreMapped { get; set; }
}

/// <summary>Says of an endpoint that it is one of ours, and not of the program that a replica is a part of.</summary>
internal sealed class OwnEndpoint
{
    /// <summary>The mark.</summary>
    public static readonly OwnEndpoint Mark = new();
}

/// <summary>Puts what must see a request before routing does at the head of any host's pipeline.</summary>
internal sealed class FirstInLine : IStartupFilter
{
    /// <inheritdoc/>
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        var paths = app.ApplicationServices.GetRequiredService<OwnPaths>();
        app.Use((context, then) => paths.AreMapped ? ForwardInlet.InvokeAsync(context, then) : then(context));
        app.Use(ErrorBoundary.InvokeAsync);
        app.Use((context, then) => paths.AreMapped ? RawPath.InvokeAsync(context, then) : then(context));
        next(app);
    };
}
