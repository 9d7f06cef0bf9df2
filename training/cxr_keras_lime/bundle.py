def write_bundle(*a):
    print("bundle", a)
