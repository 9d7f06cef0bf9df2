"""The bundle blood-cells: red cells, white cells and platelets in stained blood smears."""
