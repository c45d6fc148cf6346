using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Hosting;

/// <summary>Runs one node as a host: options judged at start, HTTP server, replica; until a signal or the parent ends it.</summary>
internal static class NodeHost
{
    /// <summary>Runs over a clock and a disk until <paramref name="stop"/> or the parent's end; returns the exit code.</summary>
    /// <exception cref="UsageException">The settings do not allow a start.</exception>
    /// <exception cref="ReplicaException">The replica cannot start.</exception>
    /// <exception cref="FaultException">The replica stopped while it ran.</exception>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, string?> configuration, ParentWatch? parent, NodeIo io, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, parent?.Gone ?? CancellationToken.None);
        WebApplication started;
        try
        {
            started = await StartAsync(configuration, io, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Told to stop before it had started: nothing was promised to anyone.
            return ExitCodes.Fine;
        }
        await using var app = started;
        var handle = app.Services.GetRequiredService<NodeHandle>();
        var settings = handle.Settings;
        Console.Out.WriteLine(
            $"node {settings.Id} listens for peers at {Addresses.Format(settings.Listen)}; clients find it at {handle.Running?.ClientAddress}");
        await EndAsync(end.Token, handle.Stopping);
        if (stop.IsCancellationRequested)
            await handle.HandOverAsync();
        await app.StopAsync(CancellationToken.None);
        return handle.Fault is null ? ExitCodes.Fine : throw new FaultException($"Node {settings.Id} stopped: {handle.Fault}");
    }

    /// <summary>Waits until somebody wants the node to end, or it ends by itself.</summary>
    private static async Task EndAsync(CancellationToken asked, CancellationToken failed)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(asked, failed);
        await Task.Delay(Timeout.Infinite, either.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private static async Task<WebApplication> StartAsync(IReadOnlyDictionary<string, string?> configuration, NodeIo io, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        try
        {
            app = Build(configuration, io);
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch (Exception exception)
        {
            if (app is not null)
                await app.DisposeAsync();
            if (Explain(exception, configuration) is { } explained)
                throw explained;
            throw;
        }
    }

    private static WebApplication Build(IReadOnlyDictionary<string, string?> configuration, NodeIo io)
    {
        // An empty builder: no appsettings.json of the working folder and no ASPNETCORE_URLS may change what a node does.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "raftstream", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(configuration);
        var services = builder.Services;
        services.AddOptions<NodeOptions>().Bind(builder.Configuration).ValidateOnStart();
        services.AddSingleton<IValidateOptions<NodeOptions>, NodeOptionsValidator>();
        services.AddSingleton(provider => ProgramSettings.From(provider.GetRequiredService<IOptions<NodeOptions>>().Value));
        services.AddSingleton(provider => provider.GetRequiredService<ProgramSettings>().Node);
        services.AddSingleton(io);
        services.AddSingleton(new OwnPaths(isAll: true));
        services.AddReplica();
        services.AddRoutingCore();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        AddLogging(builder);
        builder.WebHost.UseKestrelCore();
        services.AddOptions<KestrelServerOptions>().Configure<ProgramSettings>(Limit);

        var app = builder.Build();
        app.UseRouting();
        app.MapRaftStream();
        return app;
    }

    private static void Limit(KestrelServerOptions kestrel, ProgramSettings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = RequestBodies.MaxBytes;
        kestrel.Limits.MaxConcurrentConnections = 4_096;
        foreach (var address in Resolve(settings.Http))
            kestrel.Listen(address, settings.Http.Port);
    }

    private static IPAddress[] Resolve(DnsEndPoint http)
    {
        try
        {
            var found = Dns.GetHostAddresses(http.Host);
            return [Array.Find(found, address => address.AddressFamily == AddressFamily.InterNetwork) ?? found[0]];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw new UsageException($"--http has the host '{http.Host}', which no name service knows: give an address of this machine.", exception);
        }
    }

    private static void AddLogging(WebApplicationBuilder builder)
    {
        builder.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.TimestampFormat = "HH:mm:ss.fff ";
        });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);

        // The framework's own tales of a failed start would bury the one sentence that the program prints.
        builder.Logging.AddFilter("Microsoft", LogLevel.None).AddFilter("System", LogLevel.None);
        builder.Services.AddOptions<LoggerFilterOptions>().Configure<ProgramSettings>((options, settings) => options.MinLevel = settings.LogLevel);
    }

    private static Exception? Explain(Exception exception, IReadOnlyDictionary<string, string?> configuration)
    {
        var http = configuration.GetValueOrDefault("http") ?? ProgramSettings.DefaultHttp;
        return exception switch
        {
            OptionsValidationException invalid => new UsageException(invalid.Failures.First(), invalid),
            IOException { InnerException: AddressInUseException } => new UsageException($"The address {http} for clients is taken: give another one with --http.", exception),
            SocketException socket => new UsageException($"The address {http} for clients cannot be listened at: {socket.Message}; give an address of this machine with --http.", socket),
            IOException { InnerException: SocketException inner } => new UsageException($"The address {http} for clients cannot be listened at: {inner.Message}; give an address of this machine with --http.", inner),
            AggregateException { InnerExceptions: [var only, ..] } => Explain(only, configuration) ?? only,
            _ => null,
        };
    }
}
