using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Resp;
using RaftStream.Hosting.Security;

namespace RaftStream.Node.Hosting;

/// <summary>Runs one node as a host: options judged at start, HTTP server, replica; until a signal or the parent ends it.</summary>
internal static class NodeHost
{
    /// <summary>Runs over a clock and a disk, with what <paramref name="complete"/> adds to its settings, until <paramref name="stop"/> or the parent's end; returns the exit code.</summary>
    /// <exception cref="UsageException">The settings do not allow a start.</exception>
    /// <exception cref="ReplicaException">The replica cannot start.</exception>
    /// <exception cref="FaultException">The replica stopped while it ran.</exception>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, string?> configuration, ParentWatch? parent, NodeIo io, Func<NodeSettings, NodeSettings> complete, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, parent?.Gone ?? CancellationToken.None);
        WebApplication started;
        try
        {
            started = await StartAsync(configuration, io, complete, end.Token);
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
            $"node {settings.Id} listens for peers at {Addresses.Format(settings.Listen)}; clients find it at {handle.Running?.Own}");
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

    private static async Task<WebApplication> StartAsync(IReadOnlyDictionary<string, string?> configuration, NodeIo io, Func<NodeSettings, NodeSettings> complete, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        try
        {
            app = Build(configuration, io, complete);
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

    private static WebApplication Build(IReadOnlyDictionary<string, string?> configuration, NodeIo io, Func<NodeSettings, NodeSettings> complete)
    {
        // An empty builder: no appsettings.json of the working folder and no ASPNETCORE_URLS may change what a node does.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "raftstream", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(configuration);
        var services = builder.Services;
        services.AddOptions<NodeOptions>().Bind(builder.Configuration).ValidateOnStart();
        services.AddSingleton<IValidateOptions<NodeOptions>, NodeOptionsValidator>();
        services.AddSingleton(provider => ProgramSettings.From(provider.GetRequiredService<IOptions<NodeOptions>>().Value));
        services.AddSingleton(provider => complete(provider.GetRequiredService<ProgramSettings>().Node));
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
        Listen(kestrel, settings, settings.Http, "--http", static listen => ClientFacing.Secure(listen, ClientFacingPort.Http));

        // Behind HTTP: whose address is asked for looks at the first one.
        if (settings.Node.Client is { } client)
        {
            Listen(kestrel, settings, client, "--client", static listen => listen.UseRaftStreamClients());
        }

        if (settings.Node.Resp is { } resp)
        {
            Listen(kestrel, settings, resp, "--resp", static listen =>
            {
                ClientFacing.Secure(listen, ClientFacingPort.Resp);
                listen.UseConnectionHandler<RespPortHandler>();
            });
        }
    }

    /// <exception cref="UsageException">No name service knows the host, or the port would be open to everybody.</exception>
    private static void Listen(KestrelServerOptions kestrel, ProgramSettings settings, DnsEndPoint at, string flag, Action<ListenOptions> configure)
    {
        foreach (var address in Resolve(at, flag))
        {
            ExposedPorts.Check(settings.Node, address, flag, kestrel.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("RaftStream.Hosting.Security"));
            kestrel.Listen(address, at.Port, configure);
        }
    }

    private static IPAddress[] Resolve(DnsEndPoint listens, string flag)
    {
        // Any address of the machine is none that a name service would give.
        if (IPAddress.TryParse(listens.Host, out var literal))
            return [literal];
        try
        {
            var found = Dns.GetHostAddresses(listens.Host);
            return [Array.Find(found, address => address.AddressFamily == AddressFamily.InterNetwork) ?? found[0]];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw new UsageException($"{flag} has the host '{listens.Host}', which no name service knows: give an address of this machine.", exception);
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

    private static Exception? Explain(Exception exception, IReadOnlyDictionary<string, string?> configuration) => exception switch
    {
        OptionsValidationException invalid => new UsageException(invalid.Failures.First(), invalid),
        IOException { InnerException: AddressInUseException } => new UsageException(Listening(exception, configuration, static (address, flag) => $"The address {address} for clients is taken: give another one with {flag}."), exception),
        SocketException or IOException { InnerException: SocketException } => new UsageException(
            Listening(exception, configuration, (address, flag) => $"The address {address} for clients cannot be listened at: {(exception.InnerException ?? exception).Message}; give an address of this machine with {flag}."), exception),
        AggregateException { InnerExceptions: [var only, ..] } => Explain(only, configuration) ?? only,
        _ => null,
    };

    /// <summary>A sentence about the address that could not be listened at: the framework names it by its port if it is taken, else not at all.</summary>
    private static string Listening(Exception exception, IReadOnlyDictionary<string, string?> configuration, Func<string, string, string> sentence)
    {
        List<(string Flag, string Address)> listens = [("--http", configuration.GetValueOrDefault("http") ?? ProgramSettings.DefaultHttp)];
        if (configuration.GetValueOrDefault("client") is { } client)
            listens.Add(("--client", client));
        if (configuration.GetValueOrDefault("resp") is { } resp)
            listens.Add(("--resp", resp));
        var taken = listens.FindAll(one => exception is IOException { InnerException: AddressInUseException } && exception.Message.Contains(one.Address[one.Address.LastIndexOf(':')..], StringComparison.Ordinal));
        if (taken.Count > 0)
            listens = taken;
        return sentence(string.Join(" or ", listens.Select(static one => one.Address)), string.Join(" or ", listens.Select(static one => one.Flag)));
    }
}
